/**
 * The walls between the rooms of `src/`, as two ESLint rules. docs/architecture.md says why each wall stands; here is
 * where each one runs, and what to do instead of climbing over it.
 */
import { builtinModules } from 'node:module'
import path from 'node:path'

/** @typedef {import('eslint').Rule.RuleModule} RuleModule */
/** @typedef {import('estree').Node} Node */

/** The files that may touch Electron itself. All else takes what it needs as arguments, so that it runs in plain Node. */
const rim = [
  'src/main/index.ts',
  'src/main/ipc.ts',
  'src/main/app-protocol.ts',
  'src/main/windows/*',
  'src/main/tray.ts',
  'src/main/menu.ts',
  'src/main/shortcuts.ts',
  'src/main/links.ts',
  'src/main/settings.ts',
  'src/main/secrets.ts',
  'src/main/log.ts',
  'src/preload/index.ts',
]

/** What a room may import from other rooms. `resources` are icons, sounds and the Guide's pages. */
const reach = /** @type {const} */ ({
  'src/shared': [],
  'src/main': ['src/shared', 'resources'],
  'src/preload': ['src/shared'],
  'src/renderer': ['src/shared', 'resources'],
})

/** Packages with one door, and the door. */
const doors = [
  {
    matches: /^electron(\/|$)/,
    files: rim,
    instead: 'Only the rim files touch Electron (docs/architecture.md); take what you need as an argument.',
  },
  {
    matches: /^electron-store(\/|$)/,
    files: rim,
    instead: 'Take a store as an argument; the rim makes it.',
  },
  {
    matches: /^electron-log(\/|$)/,
    files: ['src/main/log.ts'],
    instead: 'Take a Logger (src/main/logger.ts) as an argument: log.ts is where everything is redacted (S31).',
  },
  {
    matches: /^undici(\/|$)/,
    files: ['src/main/backend/http.ts'],
    instead: 'Take a Transport (src/main/backend/transport.ts): http.ts owns agents, proxies, TLS and redirects.',
  },
]

const node = new Set(builtinModules)
/** @param {string} source */
const isNodeModule = (source) => source.startsWith('node:') || node.has(source)
/** @param {string} source */
const isUserInterface = (source) =>
  /^(react|react-dom|react-i18next|lucide-react|@base-ui\/react|cmdk|streamdown)(\/|$)/u.test(source)

/** Packages that a whole room does without. */
const outside = [
  {
    room: 'src/shared',
    isRefused: isNodeModule,
    instead: 'src/shared runs in every process and has no Node: do this in src/main and pass the result.',
  },
  {
    room: 'src/shared',
    isRefused: isUserInterface,
    instead: 'src/shared has no DOM and no React: put this in src/renderer.',
  },
  {
    room: 'src/renderer',
    isRefused: isNodeModule,
    instead: 'Pages are sandboxed and have no Node: ask main through window.parley.',
  },
  {
    room: 'src/main',
    isRefused: isUserInterface,
    instead: 'Main draws nothing: put this in src/renderer.',
  },
  {
    room: 'src/preload',
    /** @param {string} source */
    isRefused: (source) => source !== 'electron',
    instead: 'The preload loops over the contract and holds no logic: it imports electron and src/shared only.',
  },
]

/**
 * @param {string} file relative, with slashes
 * @param {readonly string[]} patterns a path, or a folder followed by one star for everything under it
 */
const isOneOf = (file, patterns) =>
  patterns.some((pattern) => (pattern.endsWith('/*') ? file.startsWith(pattern.slice(0, -1)) : file === pattern))

/** @param {string} file relative, with slashes */
const roomOf = (file) => {
  const names = /** @type {(keyof typeof reach)[]} */ (Object.keys(reach))
  return names.find((room) => file.startsWith(`${room}/`))
}

/** @param {import('eslint').Rule.RuleContext} context */
const fileOf = (context) => path.relative(context.cwd, context.filename).split(path.sep).join('/')

/** @type {RuleModule} */
const imports = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      room: '{{room}} must not import from {{target}}: {{instead}}',
      door: '‘{{source}}’ is imported in {{files}} only. {{instead}}',
      outside: '‘{{source}}’ has no place in {{room}}. {{instead}}',
    },
  },
  create(context) {
    const file = fileOf(context)
    const room = roomOf(file)
    if (room === undefined) return {}

    /**
     * @param {Node} at
     * @param {unknown} source
     */
    const check = (at, source) => {
      if (typeof source !== 'string') return
      if (source.startsWith('.')) {
        const target = path.posix.join(path.posix.dirname(file), source.replace(/\?.*$/u, ''))
        const isInside = target === room || target.startsWith(`${room}/`)
        const isReachable = reach[room].some((each) => target === each || target.startsWith(`${each}/`))
        if (isInside || isReachable) return
        const instead = target.startsWith('src/')
          ? 'what two processes share lives in src/shared, what one does for another goes through the contract.'
          : 'the app is made of src and resources only.'
        context.report({ node: at, messageId: 'room', data: { room, target: roomOf(`${target}/`) ?? target, instead } })
        return
      }
      for (const door of doors) {
        if (door.matches.test(source) && !isOneOf(file, door.files)) {
          const files = door.files.length > 3 ? 'the rim files' : door.files.join(', ')
          context.report({ node: at, messageId: 'door', data: { source, files, instead: door.instead } })
          return
        }
      }
      for (const rule of outside) {
        if (rule.room === room && rule.isRefused(source)) {
          context.report({ node: at, messageId: 'outside', data: { source, room, instead: rule.instead } })
          return
        }
      }
    }

    /** @param {any} found a node whose `source` is a string literal, or none */
    const checkSource = (found) => {
      if (found.source?.type === 'Literal') check(found.source, found.source.value)
    }
    return {
      ImportDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ImportExpression: checkSource,
      TSImportType: checkSource,
      /** @param {any} found */
      TSExternalModuleReference(found) {
        check(found.expression, found.expression.value)
      },
      CallExpression(found) {
        const [first] = found.arguments
        if (found.callee.type === 'Identifier' && found.callee.name === 'require' && first?.type === 'Literal') {
          check(first, first.value)
        }
      },
    }
  },
}

/**
 * Calls that may stand in one file only. `owner` is the type of the object the method belongs to; where types are not
 * known (or any), the object's own name decides.
 */
const calls = [
  {
    methods: ['send', 'sendToFrame', 'postMessage'],
    owner: ['WebContents', 'WebFrameMain'],
    names: ['webContents', 'sender'],
    file: 'src/main/ipc.ts',
    instead: 'Send an event of the contract through the gate.',
  },
  {
    methods: ['openExternal'],
    owner: ['Shell'],
    names: ['shell'],
    file: 'src/main/links.ts',
    instead: 'Links leave through openExternalSafe, which checks them (S10).',
  },
  {
    methods: ['handle', 'handleOnce', 'on', 'once'],
    owner: ['IpcMain'],
    names: ['ipcMain'],
    file: 'src/main/ipc.ts',
    instead: 'Add a channel to src/shared/contract.ts and its handler to handlers.ts; the gate registers it.',
  },
]

/** @type {RuleModule} */
const onePlace = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { elsewhere: '{{call}}() is called in {{file}} only. {{instead}}' },
  },
  create(context) {
    const file = fileOf(context)
    /** @type {any} typescript-eslint's services; without a program the names alone decide */
    const services = context.sourceCode.parserServices
    /**
     * The last name in an expression such as `window.webContents`.
     * @param {any} object
     */
    const nameOf = (object) => (object.type === 'MemberExpression' ? object.property.name : object.name)
    /** @param {Node} object */
    const typeOf = (object) =>
      services.program ? services.getTypeAtLocation(object).getNonNullableType().getSymbol()?.name : undefined
    return {
      MemberExpression(found) {
        const method = found.property.type === 'Identifier' && !found.computed ? found.property.name : undefined
        if (method === undefined) return
        for (const rule of calls) {
          if (file === rule.file || !rule.methods.includes(method)) continue
          const isOurs = rule.names.includes(nameOf(found.object)) || rule.owner.includes(typeOf(found.object) ?? '')
          if (!isOurs) continue
          const call = `${nameOf(found.object) ?? rule.owner[0]}.${method}`
          context.report({
            node: found,
            messageId: 'elsewhere',
            data: { call, file: rule.file, instead: rule.instead },
          })
        }
      },
    }
  },
}

export const boundaries = { meta: { name: 'parley' }, rules: { imports, 'one-place': onePlace } }
