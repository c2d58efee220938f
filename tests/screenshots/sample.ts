/** What the pictures show: the same chats, words and names as the design's own pictures. */
import { randomUUID } from 'node:crypto'
import type { AssistantMessage, Conversation, Message } from '../../src/shared/conversation'
import type { Prompt } from '../../src/shared/prompts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Title, how long ago in days, and what is special about it. */
const CHATS: readonly (readonly [title: string, daysAgo: number, mark?: 'pinned' | 'quick-ask'])[] = [
  ['Weekly server checklist', 3, 'pinned'],
  ['House style for release notes', 5, 'pinned'],
  ['Rename photos by EXIF date', 0],
  ['What does EAI_AGAIN mean?', 0, 'quick-ask'],
  ['Tbilisi to Kazbegi, three days', 0],
  ['Refactor the SSE parser in Rust', 1],
  ['Cover letter, second draft', 1],
  ['72 kg in stone and pounds', 1, 'quick-ask'],
  ['Diagram of the sign-in flow', 4],
  ['SQLite FTS5 ranking and snippets', 6],
  ['Sourdough at 14 °C: how long?', 8],
  ['Why is my systemd timer skipped?', 11],
  ['Translate the lease, clause by clause', 12],
]

/** What is found in some of them [21]. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  [
    'Refactor the SSE parser in Rust',
    'It reads into a 4 KB buffer and splits on a blank line, so half an event waits for the rest.',
  ],
  [
    'Sourdough at 14 °C: how long?',
    'The starter acts as a buffer, so the dough turns sour more slowly in a cold room.',
  ],
  ['72 kg in stone and pounds', 'Eleven stone and five pounds. No buffer is needed for that.'],
])

/** The chats of the sidebar, the newest first. */
export function sampleConversations(backendId: string, nowMs: number): Conversation[] {
  return CHATS.map(([title, daysAgo, mark], at) =>
    conversationOf(backendId, title, nowMs - daysAgo * DAY - at * MINUTE, mark ?? null, [
      [title, TEXTS.get(title) ?? `Nothing is written here but what the sidebar needs: ${title}.`],
    ]),
  )
}

export function conversationOf(
  backendId: string,
  title: string,
  createdAt: number,
  mark: 'pinned' | 'quick-ask' | null,
  turns: readonly (readonly [question: string, answer: string])[],
): Conversation {
  const messages: Message[] = []
  for (const [question, answer] of turns) {
    const before = messages.at(-1)?.id ?? null
    const asked = randomUUID()
    messages.push({ role: 'user', id: asked, parentId: before, createdAt, text: question, attachments: [] })
    messages.push(answerOf(backendId, asked, createdAt, answer))
  }
  return {
    version: 1,
    id: randomUUID(),
    title,
    titleSource: 'person',
    createdAt,
    updatedAt: createdAt,
    origin: mark === 'quick-ask' ? 'quick-ask' : 'window',
    isPinned: mark === 'pinned',
    isUnread: false,
    backendId,
    provider: null,
    model: null,
    headId: messages.at(-1)?.id ?? null,
    messages,
  }
}

function answerOf(backendId: string, parentId: string, createdAt: number, text: string): AssistantMessage {
  const id = randomUUID()
  return {
    role: 'assistant',
    id,
    parentId,
    createdAt,
    generationId: id,
    backendId,
    requested: { provider: 'DeepInfra', model: 'llama-3.3-70b' },
    state: 'complete',
    error: null,
    status: { phase: 'writing' },
    provider: { name: 'DeepInfra', label: null, model: 'llama-3.3-70b', url: null },
    content: [{ type: 'text', text }],
    preview: null,
    reasoning: null,
    attempts: [],
    notices: [],
    toolCalls: [],
    suggestions: [],
    synthesize: null,
    usage: { promptTokens: 20, completionTokens: 58, reasoningTokens: null, totalTokens: 78 },
    finishReason: 'stop',
    sessions: null,
    timing: { firstTextMs: 1800, lastMs: 3200 },
    oddities: { unknown: {}, malformed: 0 },
  }
}

export const QUESTION =
  'Locally the words flow. Behind nginx they arrive in bursts, about one every two seconds. What is holding them?'

export const THOUGHT =
  'The chart shows gaps of roughly two seconds and then a full buffer at once. That is not how a model writes; it points at a proxy.\n\nLocally it is smooth, so the backend itself flushes. Check nginx first, then compression, then the tunnel.'

/** As far as the answer is written in [01]. */
export const ANSWER_BEGIN = `Your chart shows buffering: long gaps, then thirty or forty chunks in the same instant. The model is streaming. **Something between it and you is holding the bytes.**

### Three places to look

1. **nginx** keeps a response until a buffer fills, because \`proxy_buffering\` is on by default.
2. **gzip** waits for a whole block before it compresses anything.
3. A **tunnel or CDN** in front may add a second buffer`

/** The rest of it [02]. */
export const ANSWER_END = ` of its own.

### The fix for nginx

Turn both off for the streaming path only; static files still benefit from them.

\`\`\`nginx
location /backend-api/v2/ {
    proxy_pass          http://127.0.0.1:1337;
    proxy_http_version  1.1;
    proxy_buffering     off;    # send each chunk as it comes
    gzip                off;
    proxy_read_timeout  600s;
}
\`\`\`

Then \`nginx -t\` and \`systemctl reload nginx\`; a reload keeps open streams alive.

| Directive | Default | For a stream | Why |
| --- | --- | --- | --- |
| \`proxy_buffering\` | on | off | Passes each chunk on at once |
| \`gzip\` | on | off | Compression needs a full block |
| \`proxy_read_timeout\` | 60 s | 600 s | Slow models pause while they think |

### How to tell that it worked

Record the time of each chunk and compare the longest gap with the usual one:

$$
b = \\frac{\\max_i\\,(t_{i+1} - t_i)}{\\operatorname{median}_i\\,(t_{i+1} - t_i)}
$$

Below $b = 5$ text reads as a steady flow. Your chart is near $b = 80$.
`

/** Every element of Markdown, as in [05]. */
export const SPECIMEN = `## Why the text arrives in bursts

Your chart shows buffering: long gaps, then thirty or forty chunks in the same instant. The model is streaming. **Something between it and you is holding the bytes.**

> A proxy that buffers is not broken. It was built for pages, not for conversations.

### Three places to look

1. **nginx** keeps a response until a buffer fills, because \`proxy_buffering\` is on by default.
2. **gzip** waits for a whole block before it compresses anything.
3. A **tunnel or CDN** in front may add a second buffer of its own.
4. Less often:
   - an antivirus that scans whole responses
   - a client that reads by line, when the server sends no newline
${ANSWER_END.slice(ANSWER_END.indexOf('\n\n###'))}
### Measure it yourself

This reads the stream and keeps the arrival time of every event. See the [nginx notes on proxying](https://nginx.org/en/docs/http/ngx_http_proxy_module.html) for the rest.

\`\`\`python
async def chunks(resp):
    """Yield (seconds, text) for each server-sent event."""
    start = time.monotonic()
    async for line in resp.content:
        if line.startswith(b"data: "):
            event = json.loads(line[6:])
            yield time.monotonic() - start, event.get("content", "")
\`\`\`

- [x] Buffering is off for \`/backend-api/v2/\`
- [ ] Longest gap is under 400 ms
`

export const SUGGESTIONS = ['Test it with curl', 'Is gzip safe for JSON?', 'The same for Caddy and Traefik']

/** The chat of [26], for the layout from right to left. */
export const ARABIC = {
  titles: [
    'قائمة فحص الخادم الأسبوعية',
    'الكلمات تصل دفعات خلف nginx',
    'تسمية الصور حسب تاريخ EXIF',
    'What does EAI_AGAIN mean?',
    'من تبليسي إلى كازبيجي في ثلاثة أيام',
    'إعادة بناء محلل SSE بلغة Rust',
  ],
  question: 'محليًا تتدفق الكلمات بسلاسة، أما خلف nginx فتصل على دفعات، دفعة كل ثانيتين تقريبًا. ما الذي يحتجزها؟',
  answer: `يُظهر مخططك تخزينًا مؤقتًا: فجوات طويلة ثم ثلاثون أو أربعون قطعة في لحظة واحدة. النموذج يبثّ فعلًا، لكن **شيئًا بينك وبينه يحتجز البيانات.**

### أين تبحث

1. يحتفظ **nginx** بالرد حتى يمتلئ المخزن، لأن \`proxy_buffering\` مفعّل افتراضيًا.
2. ينتظر **gzip** كتلة كاملة قبل أن يضغط أي شيء.

> اقتباس قصير يبدأ من اليمين.

- [x] أُوقف التخزين المؤقت
- [ ] أطول فجوة أقل من 400 ms

| الإعداد | الافتراضي |
| --- | --- |
| \`gzip\` | on |

\`\`\`nginx
proxy_buffering   off;    # send each chunk as it comes
\`\`\`

ثم $b = 5$ يكفي.
`,
} as const

/** The library of prompts [42]. */
export const PROMPTS: readonly Prompt[] = [
  prompt(
    'Release notes from commits',
    'release',
    'Write release notes for {product} {version} in {language}. Group them by what a person sees, leave out {what to skip}.',
    [
      { name: 'product', first: 'Parley', choices: [], last: null },
      { name: 'version', first: '1.0', choices: [], last: null },
      { name: 'language', first: 'English', choices: ['English', 'Russian', 'German'], last: null },
      { name: 'what to skip', first: '', choices: [], last: null },
    ],
  ),
  prompt('Rewrite, plain and short', 'rewrite', 'Rewrite this so that nobody has to read it twice: {text}', []),
  prompt('Review a change', 'review', 'Review this change. Say first what would break.', []),
  prompt('Reply to a complaint', 'reply', 'Answer this letter in a calm tone: {letter}', []),
]

function prompt(name: string, command: string, text: string, variables: Prompt['variables']): Prompt {
  return { id: randomUUID(), name, command, text, variables }
}
