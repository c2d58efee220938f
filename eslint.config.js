import noUnsanitized from 'eslint-plugin-no-unsanitized'
import reactHooks from 'eslint-plugin-react-hooks'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { boundaries } from './scripts/eslint/boundaries.mjs'

const markup = 'Answers are untrusted: render React nodes, which show text as text (S05, S49).'
const code = 'The content security policy refuses code made from strings, and so do we (S49).'

const unverified = {
  selector: 'Property[key.name="rejectUnauthorized"][value.value=false]',
  message: 'Trust is given to one certificate of one backend, never to all: use its TlsOptions (S37).',
}

/** What no file of the app does. Selectors are ESQuery; each message says what to do instead. */
const refused = [
  {
    selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|srcdoc)$/]',
    message: markup,
  },
  { selector: 'JSXAttribute[name.name=/^(dangerouslySetInnerHTML|srcDoc)$/]', message: markup },
  { selector: 'Property[key.name="dangerouslySetInnerHTML"]', message: markup },
  {
    selector: 'CallExpression[callee.property.name=/^(setHTMLUnsafe|createContextualFragment|parseFromString)$/]',
    message: markup,
  },
  { selector: 'CallExpression[callee.object.name="document"][callee.property.name=/^write(ln)?$/]', message: markup },
  { selector: 'CallExpression[callee.name="eval"]', message: code },
  { selector: 'NewExpression[callee.name="Function"], CallExpression[callee.name="Function"]', message: code },
  {
    selector: 'MemberExpression[property.name=/^executeJavaScript(InIsolatedWorld)?$/]',
    message: 'Pages are told what to do by an event of the contract, never by code (S49).',
  },
  {
    selector:
      'MemberExpression[property.name="NODE_TLS_REJECT_UNAUTHORIZED"], Literal[value="NODE_TLS_REJECT_UNAUTHORIZED"]',
    message: 'Trust is given to one certificate of one backend, never to all: use its TlsOptions (S37).',
  },
  unverified,
  {
    selector:
      'Property[key.name=/^(webSecurity|contextIsolation|sandbox)$/][value.value=false], Property[key.name=/^(nodeIntegration|nodeIntegrationInWorker|nodeIntegrationInSubFrames|webviewTag|navigateOnDragDrop|allowRunningInsecureContent)$/][value.value=true]',
    message: 'Every window has the same closed webPreferences, made in one place of src/main/windows (S01).',
  },
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals: it is a type and nothing else.' },
  {
    selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
    message: 'Export a name: it is the same in every file, and a search finds it.',
  },
]

/** A test that cannot fail, or that waits for a clock instead of the thing it tests, proves nothing. */
const refusedInTests = [
  {
    selector: 'MemberExpression[object.name=/^(it|test|describe|suite|bench)$/][property.name=/^(only|skip|todo)$/]',
    message: 'Every test runs, every time.',
  },
  {
    selector: 'CallExpression[callee.property.name="waitForTimeout"]',
    message: 'Wait for the condition, not for a time: expect.poll, waitForFunction or a locator.',
  },
]

const domGlobals = ['window', 'document', 'navigator', 'location', 'localStorage', 'sessionStorage', 'indexedDB']
const nodeGlobals = ['process', 'Buffer', 'global', '__dirname', '__filename', 'require', 'module', 'setImmediate']

export default defineConfig(
  globalIgnores(['out', 'dist', 'coverage', 'screenshots', 'bench-results', 'tests/fixtures']),
  {
    // What must be allowed is allowed here, for all to see; a comment in a file switches nothing off.
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'no-else-return': 'error',
      'no-param-reassign': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'hack', 'xxx'], location: 'start' }],
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-template-curly-in-string': 'error',
      'no-constant-binary-expression': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-rename': 'error',
      'no-unreachable': 'error',
      'no-dupe-keys': 'error',
      'no-duplicate-case': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        {
          // A `default` must not hide a member that was added to a union later.
          considerDefaultExhaustiveForUnions: false,
          allowDefaultCaseForExhaustiveSwitch: true,
          requireDefaultForNonUnion: false,
        },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // An async function without await keeps a promised interface and turns a throw into a rejection.
      '@typescript-eslint/require-await': 'off',
      // `[key: string]: T` names what the key is.
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      // The contract writes `request<void, void>()`, which the rule takes for a misuse.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // `a === null || a.b !== null` says more than `a?.b !== null`.
      '@typescript-eslint/prefer-optional-chain': 'off',
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // One code runs on two Electrons: what 45 calls deprecated may be all that 33 has.
      '@typescript-eslint/no-deprecated': 'off',
      // Three seconds of every run for things this code does not have: enums, and instances given for classes.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    plugins: { parley: boundaries, 'no-unsanitized': noUnsanitized },
    rules: {
      'parley/imports': 'error',
      'parley/one-place': 'error',
      'no-unsanitized/method': 'error',
      'no-unsanitized/property': 'error',
      'no-restricted-syntax': ['error', ...refused],
      'no-console': 'error',
      'no-alert': 'error',
    },
  },
  {
    // One function looks at each certificate itself and refuses: a handshake that refused could not show it to anybody.
    files: ['src/main/backend/connection.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...refused.filter((rule) => rule !== unverified),
        { ...unverified, selector: `${unverified.selector}:not(FunctionDeclaration[id.name="startTls"] Property)` },
      ],
    },
  },
  {
    files: ['src/shared/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...domGlobals.map((name) => ({ name, message: 'src/shared has no DOM: put this in src/renderer.' })),
        ...nodeGlobals.map((name) => ({ name, message: 'src/shared has no Node: put this in src/main.' })),
      ],
    },
  },
  {
    files: ['src/renderer/**'],
    extends: [reactHooks.configs.flat.recommended],
    rules: {
      'no-restricted-globals': [
        'error',
        ...nodeGlobals.map((name) => ({ name, message: 'Pages have no Node: ask main through window.parley.' })),
      ],
      'no-restricted-properties': [
        'error',
        ...['localStorage', 'sessionStorage', 'indexedDB'].map((property) => ({
          object: 'window',
          property,
          message: 'Main owns what is kept: use a setting or the library.',
        })),
      ],
      'react-hooks/exhaustive-deps': 'error',
    },
  },
  {
    files: ['tests/**/*.ts', 'tests/**/*.tsx'],
    rules: {
      'no-restricted-syntax': ['error', ...refusedInTests],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    // No tsconfig holds these: they are read by their tools, and checked by running them.
    files: ['*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
  },
)
