import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { StartGeneration } from '../../src/shared/contract'
import {
  emptyAnswer,
  type AnswerStatus,
  type AssistantMessage,
  type Conversation,
  type Part,
  type UserMessage,
} from '../../src/shared/conversation'
import type { AppError, AppErrorCode } from '../../src/shared/errors'
import type { CertificateInfo } from '../../src/shared/settings'

export const certificateSample: CertificateInfo = {
  sha256: 'ab'.repeat(32),
  subject: 'backend.lan',
  issuer: 'Home CA',
  isSelfSigned: false,
  names: ['backend.lan', '192.168.1.2'],
  validFrom: 1_700_000_000_000,
  validTo: 1_800_000_000_000,
}

/** One error of each code: a code that is added and not listed here does not compile. */
export const errorSamples: { [Code in AppErrorCode]: Extract<AppError, { code: Code }> } = {
  unreachable: { code: 'unreachable', reason: 'unknown-host', host: 'example.test', port: 1337 },
  certificate: {
    code: 'certificate',
    reason: 'changed',
    host: 'example.test',
    shown: certificateSample,
    trusted: { ...certificateSample, sha256: 'cd'.repeat(32) },
  },
  proxy: { code: 'proxy', reason: 'failed', host: 'proxy.test', port: 3128 },
  timeout: { code: 'timeout', phase: 'idle', seconds: 120 },
  redirect: { code: 'redirect', status: 302, host: null },
  http: { code: 'http', status: 429, message: 'slow down', retryAfterSeconds: 90 },
  unauthorized: { code: 'unauthorized', status: 403, message: null },
  'not-a-stream': { code: 'not-a-stream', status: 200, contentType: 'text/html', snippet: '<html>' },
  'empty-answer': { code: 'empty-answer' },
  backend: { code: 'backend', kind: 'ValueError', message: 'no' },
  'provider-auth': { code: 'provider-auth', provider: 'Groq', message: 'key' },
  protocol: { code: 'protocol', malformedEvents: 101 },
  'too-large': { code: 'too-large', limitBytes: 33_554_432 },
  'connection-lost': { code: 'connection-lost' },
  'process-ended': { code: 'process-ended' },
  'bad-address': { code: 'bad-address', reason: 'scheme' },
  'bad-proxy': { code: 'bad-proxy', reason: 'port' },
  'bad-parameters': { code: 'bad-parameters', reason: 'reserved', name: 'messages' },
  'bad-certificate-file': { code: 'bad-certificate-file', reason: 'empty' },
  'bad-archive': { code: 'bad-archive', reason: 'unsafe' },
  'bad-recording': { code: 'bad-recording', reason: 'newer' },
  'bad-header': { code: 'bad-header', name: 'x', reason: 'reserved' },
  'bad-prompts': { code: 'bad-prompts', reason: 'format' },
  'no-backend': { code: 'no-backend' },
  'secret-unavailable': { code: 'secret-unavailable', reason: 'no-keychain' },
  attachment: { code: 'attachment', reason: 'too-large', name: 'a.png', format: null, limit: 20 },
  upload: { code: 'upload', reason: 'unreadable', name: 'plan.pdf', message: 'No text' },
  capture: { code: 'capture', reason: 'permission' },
  media: { code: 'media', reason: 'private', host: 'example.test', limitBytes: null },
  'newer-file': { code: 'newer-file' },
  storage: { code: 'storage', reason: 'full' },
  'not-found': { code: 'not-found', what: 'message' },
  'bad-request': { code: 'bad-request', channel: 'generation.start' },
  forbidden: { code: 'forbidden', channel: 'settings.set' },
  busy: { code: 'busy' },
  internal: { code: 'internal' },
}

const text = fc.string({ unit: 'binary', maxLength: 20 })
const textOrNull = fc.option(text)
const ms = fc.nat(100_000)
/** Names as a hostile server may choose them. */
const name = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'A', 'B'))

const source = fc.oneof(fc.constantFrom('/media/a.png', '__proto__', 'constructor'), text)

const statuses: { [Phase in AnswerStatus['phase']]: fc.Arbitrary<Extract<AnswerStatus, { phase: Phase }>> } = {
  connecting: fc.constant({ phase: 'connecting' }),
  waiting: fc.constant({ phase: 'waiting' }),
  uploading: fc.record({ phase: fc.constant('uploading'), name: text, sentBytes: ms, totalBytes: ms }),
  retrying: fc.record(
    { phase: fc.constant('retrying'), attempt: ms, ofAttempts: ms, inMs: ms, cause: fc.constant('limit') },
    { requiredKeys: ['phase', 'attempt', 'ofAttempts', 'inMs'] },
  ),
  progress: fc.record({ phase: fc.constant('progress'), text }),
  thinking: fc.constant({ phase: 'thinking' }),
  writing: fc.constant({ phase: 'writing' }),
  stalled: fc.record({ phase: fc.constant('stalled'), sinceMs: ms }),
}

/** What JSON can say: -0, which it reads but never writes, is 0. */
const json = fc.jsonValue({ maxDepth: 3 }).map((value): unknown => JSON.parse(JSON.stringify(value)))
const record = fc.array(fc.tuple(name, json), { maxLength: 3 }).map((entries): Record<string, unknown> => {
  let all: Record<string, unknown> = {}
  for (const [key, value] of entries) all = { ...all, [key]: value }
  return all
})

/** Every kind of part: a type that is added and not listed here does not compile. */
export const partArbitraries: { [Type in Part['type']]: fc.Arbitrary<Extract<Part, { type: Type }>> } = {
  status: fc.record({ type: fc.constant('status'), status: fc.oneof(...Object.values(statuses)) }),
  provider: fc.record({
    type: fc.constant('provider'),
    provider: fc.record({ name, label: textOrNull, model: textOrNull, url: textOrNull }),
  }),
  'text-delta': fc.record({ type: fc.constant('text-delta'), text }),
  'reasoning-delta': fc.record({ type: fc.constant('reasoning-delta'), text }),
  'reasoning-end': fc.constant({ type: 'reasoning-end' }),
  media: fc.record({
    type: fc.constant('media'),
    kind: fc.constantFrom('image', 'video', 'audio'),
    sources: fc.array(source, { maxLength: 3 }),
    alt: text,
  }),
  // A source that is one of the media before it, more often than not.
  'media-file': fc.record({
    type: fc.constant('media-file'),
    source,
    file: fc.record({ id: text, mime: text, bytes: fc.nat(), width: fc.option(ms), height: fc.option(ms) }),
  }),
  preview: fc.record({ type: fc.constant('preview'), markdown: text }),
  notice: fc.record({ type: fc.constant('notice'), kind: name, text }),
  'tool-call': fc.record({
    type: fc.constant('tool-call'),
    index: fc.nat(2),
    id: textOrNull,
    name: text,
    arguments: text,
  }),
  suggestions: fc.record({ type: fc.constant('suggestions'), suggestions: fc.array(text, { maxLength: 3 }) }),
  synthesize: fc.record({ type: fc.constant('synthesize'), provider: name, data: json }),
  title: fc.record({ type: fc.constant('title'), title: text }),
  usage: fc.record({
    type: fc.constant('usage'),
    usage: fc.record({
      promptTokens: fc.option(fc.nat()),
      completionTokens: fc.option(fc.nat()),
      reasoningTokens: fc.option(fc.nat()),
      totalTokens: fc.option(fc.nat()),
    }),
  }),
  'finish-reason': fc.record({ type: fc.constant('finish-reason'), reason: text }),
  session: fc.record({ type: fc.constant('session'), sessions: record }),
  oddity: fc.record({ type: fc.constant('oddity'), unknownType: fc.option(name) }),
  finish: fc.record({
    type: fc.constant('finish'),
    state: fc.constantFrom('complete', 'complete-unconfirmed', 'stopped', 'interrupted', 'failed'),
    error: fc.option(fc.constantFrom(...Object.values(errorSamples))),
  }),
}

/** Any part but the last one of a generation. */
export const anyPart: fc.Arbitrary<Part> = fc.oneof(
  ...Object.entries(partArbitraries).flatMap(([type, arbitrary]) =>
    type === 'finish' ? [] : [arbitrary as fc.Arbitrary<Part>],
  ),
)

export const anyFinish = partArbitraries.finish

/** An answer that has just begun. */
export function newAnswer(id: string = randomUUID()): AssistantMessage {
  return emptyAnswer({
    id,
    parentId: null,
    createdAt: 1_700_000_000_000,
    generationId: randomUUID(),
    backendId: 'server',
    provider: null,
    model: 'small',
  })
}

/** A question as the library keeps it. */
export function userMessage(textOfIt: string, parentId: string | null = null, id: string = randomUUID()): UserMessage {
  return { role: 'user', id, parentId, createdAt: 1_700_000_000_000, text: textOfIt, attachments: [] }
}

/** A conversation with as many questions and finished answers as there are texts for. */
export function conversationOf(id: string, pairs: readonly (readonly [string, string])[]): Conversation {
  const messages: Conversation['messages'] = []
  for (const [asked, answered] of pairs) {
    const question = userMessage(asked, messages.at(-1)?.id ?? null)
    messages.push(question, {
      ...newAnswer(),
      parentId: question.id,
      state: 'complete',
      content: [{ type: 'text', text: answered }],
    })
  }
  return {
    version: 1,
    id,
    title: pairs[0]?.[0] ?? '',
    titleSource: 'first-words',
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    origin: 'window',
    isPinned: false,
    isUnread: false,
    backendId: 'server',
    provider: null,
    model: 'small',
    headId: messages.at(-1)?.id ?? null,
    messages,
  }
}

/** What a page sends to ask a first question, with fresh ids. */
export function startOf(
  conversationId: string,
  question: Partial<Extract<StartGeneration['question'], { kind: 'new' }>> | StartGeneration['question'] = {},
): StartGeneration {
  const isWhole = question.kind === 'again' || question.kind === 'continue'
  return {
    generationId: randomUUID(),
    answerId: randomUUID(),
    conversationId,
    origin: 'window',
    isTemporary: false,
    backendId: 'server',
    provider: null,
    model: 'small',
    question: isWhole
      ? question
      : { kind: 'new', messageId: randomUUID(), parentId: null, text: 'Why?', attachmentIds: [], ...question },
  }
}
