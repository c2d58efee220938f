/** Made at build time from the lock file (scripts/packaging/licences.mjs). */
declare module 'virtual:licences' {
  /** Parley's own. */
  export const own: string
  /** Of each package in the app, by name; an empty text where it has none. */
  export const licences: readonly { name: string; version: string; licence: string; text: string }[]
}
