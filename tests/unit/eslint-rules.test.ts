import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'

const untyped = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] })
const typed = new ESLint()

/** The rules and messages that `text` breaks when it stands in `filePath`. Rules without types, so the file need not exist. */
async function complaints(filePath: string, text: string, eslint = untyped): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath })
  return result!.messages
    .filter(
      (message) => message.ruleId === null || /^(parley|no-restricted|no-unsanitized|no-console)/.test(message.ruleId),
    )
    .map((message) => `${message.ruleId ?? 'parse'}: ${message.message}`)
}

interface Wall {
  name: string
  text: string
  refusedIn: string[]
  allowedIn: string[]
  says: RegExp
}

const walls: Wall[] = [
  {
    name: 'Electron stays at the rim',
    text: "import { app } from 'electron'\napp.quit()\n",
    refusedIn: ['src/main/generations.ts', 'src/main/backend/session.ts', 'src/main/library/library.ts'],
    allowedIn: ['src/main/index.ts', 'src/main/ipc.ts', 'src/main/windows/main-window.ts', 'src/preload/index.ts'],
    says: /take what you need as an argument/,
  },
  {
    name: 'types of Electron are Electron too',
    text: "import type { BrowserWindow } from 'electron'\nexport type Window = BrowserWindow\n",
    refusedIn: ['src/main/attachments.ts'],
    allowedIn: ['src/main/tray.ts'],
    says: /rim files/,
  },
  {
    name: 'a dynamic import does not get around it',
    text: "export const load = () => import('electron-store')\n",
    refusedIn: ['src/main/library/library.ts', 'src/renderer/app.tsx', 'src/shared/settings.ts'],
    allowedIn: ['src/main/settings.ts'],
    says: /Take a store as an argument/,
  },
  {
    name: 'S31: electron-log only where everything is redacted',
    text: "import log from 'electron-log/main'\nlog.info('x')\n",
    refusedIn: ['src/main/index.ts', 'src/main/backend/http.ts'],
    allowedIn: ['src/main/log.ts'],
    says: /Take a Logger/,
  },
  {
    name: 'undici only in http.ts',
    text: "export { request } from 'undici'\n",
    refusedIn: ['src/main/backend/session.ts', 'src/main/index.ts'],
    allowedIn: ['src/main/backend/http.ts'],
    says: /Take a Transport/,
  },
  {
    name: 'shared has no Node',
    text: "import { readFileSync } from 'fs'\nexport const read = readFileSync\n",
    refusedIn: ['src/shared/settings.ts', 'src/renderer/chat/thread.tsx', 'src/preload/index.ts'],
    allowedIn: ['src/main/library/library.ts'],
    says: /no Node|contract/,
  },
  {
    name: 'shared knows no other room',
    text: "import { x } from '../main/logger'\nexport const y = x\n",
    refusedIn: ['src/shared/settings.ts', 'src/renderer/app.tsx', 'src/preload/index.ts'],
    allowedIn: ['src/main/generations.ts', 'tests/unit/main/logger.test.ts'],
    says: /src\/main.*(contract|src\/shared)/,
  },
  {
    name: 'main does not reach into pages',
    text: "export { x } from '../../renderer/chat/thread'\n",
    refusedIn: ['src/main/windows/main-window.ts', 'src/shared/i18n/index.ts'],
    allowedIn: ['src/renderer/chat/turns/turn.tsx'],
    says: /must not import from src\/renderer/,
  },
  {
    name: 'every room may use shared',
    text: "import { x } from '../shared/errors'\nexport const y = x\n",
    refusedIn: [],
    allowedIn: ['src/main/ipc.ts', 'src/preload/index.ts', 'src/renderer/app.tsx'],
    says: /never/,
  },
  {
    name: 'the app does not use its tests or its tooling',
    text: "import { x } from '../../tests/support/images'\nexport const y = x\n",
    refusedIn: ['src/main/index.ts', 'src/renderer/app.tsx'],
    allowedIn: ['tests/e2e/first-run.test.ts'],
    says: /src and resources only/,
  },
  {
    name: 'main draws nothing',
    text: "import { useState } from 'react'\nexport const y = useState\n",
    refusedIn: ['src/main/menu.ts', 'src/shared/settings.ts', 'src/preload/index.ts'],
    allowedIn: ['src/renderer/chat/draft.ts'],
    says: /src\/renderer|contract/,
  },
  {
    name: 'webContents.send only in the gate',
    text: "export const tell = (w) => w.webContents.send('x')\n",
    refusedIn: ['src/main/windows/main-window.ts', 'src/main/index.ts', 'src/main/tray.ts'],
    allowedIn: ['src/main/ipc.ts'],
    says: /through the gate/,
  },
  {
    name: 'ipcMain only in the gate',
    text: "export const listen = (ipcMain) => ipcMain.handle('x', () => 1)\n",
    refusedIn: ['src/main/index.ts', 'src/main/windows/quick-ask-window.ts'],
    allowedIn: ['src/main/ipc.ts'],
    says: /contract\.ts/,
  },
  {
    name: 'S10: shell.openExternal only in links.ts',
    text: "export const open = (shell) => shell.openExternal('https://example.org')\n",
    refusedIn: ['src/main/index.ts', 'src/main/menu.ts', 'src/main/handlers.ts'],
    allowedIn: ['src/main/links.ts'],
    says: /openExternalSafe/,
  },
  ...[
    'export const show = (e, x) => { e.innerHTML = x }\n',
    'export const show = (e, x) => { e.outerHTML += x }\n',
    "export const show = (e, x) => e.insertAdjacentHTML('beforeend', x)\n",
    'export const show = (x) => <div dangerouslySetInnerHTML={{ __html: x }} />\n',
    'export const props = (x) => ({ dangerouslySetInnerHTML: { __html: x } })\n',
    'export const show = (x) => document.write(x)\n',
  ].map((text) => ({
    name: `S49: no markup from strings: ${text.trim().slice(13, 70)}`,
    text,
    refusedIn: ['src/renderer/markdown/markdown.tsx'],
    allowedIn: ['tests/unit/renderer/markdown.test.tsx'],
    says: /render React nodes/,
  })),
  ...['export const run = (x) => eval(x)\n', "export const run = new Function('return 1')\n"].map((text) => ({
    name: `S49: no code from strings: ${text.trim()}`,
    text,
    refusedIn: ['src/main/index.ts', 'src/renderer/app.tsx', 'src/shared/errors.ts'],
    allowedIn: ['tests/unit/main/x.test.ts'],
    says: /content security policy/,
  })),
  {
    name: 'S49: no executeJavaScript',
    text: "export const run = (w) => w.webContents.executeJavaScript('1')\n",
    refusedIn: ['src/main/ipc.ts', 'src/main/windows/main-window.ts'],
    allowedIn: ['tests/e2e/app.ts'],
    says: /never by code/,
  },
  {
    name: 'S37: verification of certificates stays on',
    text: "process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'\nexport const tls = { rejectUnauthorized: false }\n",
    refusedIn: ['src/main/backend/http.ts', 'src/main/backend/connection.ts', 'src/main/index.ts'],
    allowedIn: ['tests/unit/main/tls.test.ts'],
    says: /one certificate of one backend/,
  },
  {
    name: 'S37: only the function that judges certificates itself takes them all',
    text: 'export function startTls() {\n  return { rejectUnauthorized: false }\n}\n',
    refusedIn: ['src/main/backend/http.ts'],
    allowedIn: ['src/main/backend/connection.ts'],
    says: /one certificate of one backend/,
  },
  {
    name: 'S01: no window opens itself up',
    text: 'export const webPreferences = { sandbox: false, nodeIntegration: true }\n',
    refusedIn: ['src/main/windows/main-window.ts'],
    allowedIn: ['tests/unit/main/windows.test.ts'],
    says: /closed webPreferences/,
  },
  {
    name: 'no console',
    text: "console.info('x')\n",
    refusedIn: ['src/main/index.ts', 'src/renderer/app.tsx', 'src/preload/index.ts', 'src/shared/errors.ts'],
    allowedIn: ['tests/support/backend-cli.ts', 'scripts/start.mjs'],
    says: /console/,
  },
  {
    name: 'no enums',
    text: 'export enum Side { Start, End }\n',
    refusedIn: ['src/shared/settings.ts', 'src/renderer/app.tsx'],
    allowedIn: [],
    says: /union of literals/,
  },
  {
    name: 'no default exports',
    text: 'export default function show() { return 1 }\n',
    refusedIn: ['src/main/index.ts', 'src/renderer/app.tsx'],
    allowedIn: ['vitest.config.ts', 'tests/e2e/vitest.config.ts'],
    says: /Export a name/,
  },
  {
    name: 'no default export under another roof',
    text: 'const show = 1\nexport { show as default }\n',
    refusedIn: ['src/renderer/app.tsx'],
    allowedIn: ['vitest.config.ts'],
    says: /Export a name/,
  },
  {
    name: 'shared uses no global of a page or of Node',
    text: 'export const here = [document.title, process.platform]\n',
    refusedIn: ['src/shared/i18n/index.ts'],
    allowedIn: ['tests/unit/shared/x.test.ts'],
    says: /src\/shared has no (DOM|Node)/,
  },
  {
    name: 'every test runs',
    text: "it.only('x', () => {})\ntest.skip('y', () => {})\ndescribe.todo('z')\n",
    refusedIn: ['tests/unit/x.test.ts', 'tests/e2e/x.test.ts'],
    allowedIn: [],
    says: /Every test runs/,
  },
  {
    name: 'no test waits for a clock',
    text: 'await page.waitForTimeout(100)\n',
    refusedIn: ['tests/e2e/x.test.ts'],
    allowedIn: [],
    says: /Wait for the condition/,
  },
]

describe('boundary rules', () => {
  it.each(walls)('$name', async ({ text, refusedIn, allowedIn, says }) => {
    for (const file of refusedIn) {
      const found = await complaints(file, text)
      expect(found, `${file} must be refused`).not.toEqual([])
      expect(found.join('\n'), file).toMatch(says)
    }
    for (const file of allowedIn) expect(await complaints(file, text), `${file} must be allowed`).toEqual([])
  })
})

// Types come from the file's own tsconfig, so these use paths that exist.
describe('typed rules', () => {
  const rules = async (filePath: string, text: string) => {
    const [result] = await typed.lintText(text, { filePath })
    return result!.messages.map((message) => message.ruleId ?? message.message)
  }

  it('finds webContents.send behind any name, by its type', async () => {
    const text =
      "import type { WebContents } from 'electron'\nexport const tell = (page: WebContents) => page.send('x')\n"
    expect(await rules('src/main/logger.ts', text)).toContain('parley/one-place')
    expect(await rules('src/shared/errors.ts', 'export const tell = (x: { send(): void }) => x.send()\n')).toEqual([])
  })

  it('wants every member of a union in a switch', async () => {
    const text = (end: string) =>
      `export function say(x: 'a' | 'b'): string {\n  switch (x) {\n    case 'a':\n      return 'A'\n${end}  }\n}\n`
    expect(await rules('src/shared/errors.ts', text("    case 'b':\n      return 'B'\n"))).toEqual([])
    expect(await rules('src/shared/errors.ts', text("    default:\n      return 'B'\n"))).toContain(
      '@typescript-eslint/switch-exhaustiveness-check',
    )
  })

  it('finds a promise that nobody waits for', async () => {
    const text = (call: string) =>
      `declare function save(): Promise<void>\nexport function leave(): void {\n  ${call}\n}\n`
    expect(await rules('src/shared/errors.ts', text('save()'))).toContain('@typescript-eslint/no-floating-promises')
    expect(await rules('src/shared/errors.ts', text('void save()'))).toEqual([])
  })

  it('refuses any, whatever a comment says', async () => {
    const text = '// eslint-disable-next-line\nexport const x: any = 1\n'
    expect(await rules('src/shared/errors.ts', text)).toContain('@typescript-eslint/no-explicit-any')
  })
})
