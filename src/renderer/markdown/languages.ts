import type { LanguageRegistration } from 'shiki/core'

/** Grammars that come together; the last one is the language itself. */
type Load = () => Promise<{ default: LanguageRegistration[] }>

const bash: Load = () => import('@shikijs/langs/shellscript')
const c: Load = () => import('@shikijs/langs/c')
const cpp: Load = () => import('@shikijs/langs/cpp')
const csharp: Load = () => import('@shikijs/langs/csharp')
const docker: Load = () => import('@shikijs/langs/docker')
const go: Load = () => import('@shikijs/langs/go')
const haskell: Load = () => import('@shikijs/langs/haskell')
const html: Load = () => import('@shikijs/langs/html')
const ini: Load = () => import('@shikijs/langs/ini')
const javascript: Load = () => import('@shikijs/langs/javascript')
const json: Load = () => import('@shikijs/langs/json')
const jsonc: Load = () => import('@shikijs/langs/jsonc')
const jsx: Load = () => import('@shikijs/langs/jsx')
const kotlin: Load = () => import('@shikijs/langs/kotlin')
const latex: Load = () => import('@shikijs/langs/latex')
const make: Load = () => import('@shikijs/langs/make')
const markdown: Load = () => import('@shikijs/langs/markdown')
const perl: Load = () => import('@shikijs/langs/perl')
const powershell: Load = () => import('@shikijs/langs/powershell')
const python: Load = () => import('@shikijs/langs/python')
const ruby: Load = () => import('@shikijs/langs/ruby')
const rust: Load = () => import('@shikijs/langs/rust')
const session: Load = () => import('@shikijs/langs/shellsession')
const systemd: Load = () => import('@shikijs/langs/systemd')
const terraform: Load = () => import('@shikijs/langs/terraform')
const tsx: Load = () => import('@shikijs/langs/tsx')
const typescript: Load = () => import('@shikijs/langs/typescript')
const yaml: Load = () => import('@shikijs/langs/yaml')

/**
 * Grammars by the names that fences use, each loaded when the first code of its kind is on show. A language that is not
 * here stays plain: guessing it costs half a second (platform.md section 3).
 */
export const languages: Readonly<Record<string, Load>> = {
  bash,
  sh: bash,
  shell: bash,
  shellscript: bash,
  zsh: bash,
  fish: () => import('@shikijs/langs/fish'),
  console: session,
  shellsession: session,
  bat: () => import('@shikijs/langs/bat'),
  powershell,
  ps1: powershell,
  c,
  h: c,
  cpp,
  'c++': cpp,
  csharp,
  cs: csharp,
  'c#': csharp,
  css: () => import('@shikijs/langs/css'),
  scss: () => import('@shikijs/langs/scss'),
  csv: () => import('@shikijs/langs/csv'),
  dart: () => import('@shikijs/langs/dart'),
  diff: () => import('@shikijs/langs/diff'),
  patch: () => import('@shikijs/langs/diff'),
  docker,
  dockerfile: docker,
  dotenv: () => import('@shikijs/langs/dotenv'),
  elixir: () => import('@shikijs/langs/elixir'),
  go,
  golang: go,
  graphql: () => import('@shikijs/langs/graphql'),
  haskell,
  hs: haskell,
  html,
  http: () => import('@shikijs/langs/http'),
  ini,
  conf: ini,
  java: () => import('@shikijs/langs/java'),
  javascript,
  js: javascript,
  mjs: javascript,
  json,
  jsonc,
  json5: jsonc,
  jsx,
  julia: () => import('@shikijs/langs/julia'),
  kotlin,
  kt: kotlin,
  latex,
  tex: latex,
  lua: () => import('@shikijs/langs/lua'),
  make,
  makefile: make,
  markdown,
  md: markdown,
  nginx: () => import('@shikijs/langs/nginx'),
  nix: () => import('@shikijs/langs/nix'),
  ocaml: () => import('@shikijs/langs/ocaml'),
  perl,
  php: () => import('@shikijs/langs/php'),
  proto: () => import('@shikijs/langs/proto'),
  python,
  py: python,
  r: () => import('@shikijs/langs/r'),
  ruby,
  rb: ruby,
  rust,
  rs: rust,
  scala: () => import('@shikijs/langs/scala'),
  sql: () => import('@shikijs/langs/sql'),
  svelte: () => import('@shikijs/langs/svelte'),
  swift: () => import('@shikijs/langs/swift'),
  systemd,
  service: systemd,
  terraform,
  hcl: terraform,
  toml: () => import('@shikijs/langs/toml'),
  tsx,
  typescript,
  ts: typescript,
  vue: () => import('@shikijs/langs/vue'),
  xml: () => import('@shikijs/langs/xml'),
  yaml,
  yml: yaml,
  zig: () => import('@shikijs/langs/zig'),
}
