/**
 * What pages and Node both have beside the language itself, as far as this folder uses it. Of types only: in each process
 * the real declarations are those of its own libraries.
 */
declare class URL {
  constructor(address: string, base?: string)
  readonly href: string
  readonly protocol: string
  readonly username: string
  readonly password: string
  readonly host: string
}
