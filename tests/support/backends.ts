import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuthorityFiles } from '../../src/main/authority-files'
import { Backends, type BackendsOptions } from '../../src/main/backends'
import { openCatalogueFile } from '../../src/main/catalogue-file'
import { systemClock } from '../../src/main/clock'
import { loadPages } from '../../src/main/guide/pages'
import { createGuideTransport } from '../../src/main/guide/transport'
import { silentLogger } from '../../src/main/logger'
import { Secrets, type Keychain } from '../../src/main/secrets'
import { LiveSettings } from '../../src/main/settings'
import { DEFAULT_CHAT_SETTINGS, type ChatSettings, type Part } from '../../src/shared/conversation'
import { translator } from '../../src/shared/i18n'
import { defaultSettings, type BackendView, type Locale } from '../../src/shared/settings'

/** A computer without a keychain: secrets are kept in memory. */
export const noKeychain: Keychain = {
  isSafe: async () => false,
  encrypt: async () => Promise.reject(new Error('no keychain')),
  decrypt: async () => Promise.reject(new Error('no keychain')),
}

/** Changes every byte: enough to see whether what is stored is what came out of the keychain. */
export const workingKeychain: Keychain = {
  isSafe: async () => true,
  encrypt: async (value) => Buffer.from(value).map((byte) => byte ^ 0x5a) as Buffer,
  decrypt: async (data) => (data.map((byte) => byte ^ 0x5a) as Buffer).toString(),
}

export interface OpenedBackends {
  backends: Backends
  settings: LiveSettings
  secrets: Secrets
  /** Every list that was told to the windows. */
  told: BackendView[][]
  /** Backends whose catalogue is known to have changed. */
  catalogues: string[]
  folder: string
  /** What a page sees of the only backend, or of the one with this id. */
  view(backendId?: string): BackendView
}

export interface BackendsSetup extends Partial<BackendsOptions> {
  keychain?: Keychain
  locale?: Locale
}

/** Backends as main opens them, with settings and secrets in memory and everything else on disk in a folder of their own. */
export function openBackends({ keychain = noKeychain, locale = 'en', ...options }: BackendsSetup = {}): OpenedBackends {
  const told: BackendView[][] = []
  const catalogues: string[] = []
  const folder = mkdtempSync(join(tmpdir(), 'parley-backends-'))
  const settings =
    options.settings ??
    new LiveSettings(defaultSettings(process.platform), { write: async () => undefined }, silentLogger)
  const secrets = options.secrets ?? new Secrets({}, keychain, { write: async () => undefined }, () => undefined)
  const backends = new Backends({
    settings,
    secrets,
    authorities: new AuthorityFiles(join(folder, 'authorities')),
    catalogues: openCatalogueFile(join(folder, 'catalogues.json'), silentLogger),
    guide: createGuideTransport({ pages: loadPages('resources/guide'), locale: () => locale }),
    translate: () => translator(locale),
    findAttachment: async () => null,
    findSystemProxy: async () => 'DIRECT',
    noteContact: () => undefined,
    isBlocked: () => false,
    tap: (transport) => transport,
    keepMedia: (parts) => parts,
    clock: systemClock,
    logger: silentLogger,
    onChange: (views) => told.push(views),
    onCatalogueChange: (backendId) => catalogues.push(backendId),
    ...options,
  })
  return {
    backends,
    settings,
    secrets,
    told,
    catalogues,
    folder,
    view: (backendId) => {
      const found = backends.list().find(({ profile }) => backendId === undefined || profile.id === backendId)
      if (found === undefined) throw new Error('no such backend')
      return found
    },
  }
}

export interface AskOptions {
  provider?: string | null
  model?: string | null
  text?: string
  signal?: AbortSignal
  answerId?: string
  settings?: Partial<ChatSettings>
}

/** Asks one question and gives all parts of the answer. A wait before a retry is not waited for. */
export async function askBackend(backends: Backends, backendId: string, options: AskOptions = {}): Promise<Part[]> {
  const { provider = null, model = null, text = 'How do I connect a server?', answerId = randomUUID() } = options
  const parts: Part[] = []
  const context = {
    generationId: randomUUID(),
    conversationId: randomUUID(),
    answerId,
    messages: [{ role: 'user' as const, id: randomUUID(), parentId: null, createdAt: 0, text, attachments: [] }],
    backendId,
    provider,
    model,
    isContinuation: false,
    settings: { ...DEFAULT_CHAT_SETTINGS, ...options.settings },
    sessions: null,
  }
  const signal = options.signal ?? new AbortController().signal
  for await (const part of backends.openSession(context, signal, async () => undefined)) parts.push(part)
  return parts
}
