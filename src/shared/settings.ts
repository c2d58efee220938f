import type { AppError } from './errors'

/**
 * What a person can set. The stored form and the form that pages see are the same but for secrets: a page learns only
 * `SecretState`, never a value (S28). Stored ciphertexts live beside the settings, not in them.
 */
export interface Settings {
  locale: 'system' | Locale
  theme: 'system' | 'light' | 'dark'
  /** Size of answers and composer in pixels, 13 to 22. */
  textSizePx: number
  sendKey: 'enter' | 'mod-enter'
  /** What closing the main window does; null until the person was asked once. */
  closeToTray: boolean | null
  quickAsk: {
    isEnabled: boolean
    /** Electron accelerator, such as `Control+Shift+Space`. */
    shortcut: string
  }
  /** The backend of new conversations; null until the first run has been answered. */
  activeBackendId: string | null
  /** Models with a star, in the order in which they got it; at most 200. */
  favourites: ModelChoice[]
  /** New conversations are temporary. */
  isTemporaryByDefault: boolean
  /** After so many days the trash is emptied; null for never. */
  trashDays: 7 | 30 | 90 | null
  /** Models that were chosen last, the newest first; at most 50. */
  recents: ModelChoice[]
  backends: BackendProfile[]
}

export type Locale = 'en' | 'ru'

/** A model as a person can choose it. Without a provider the backend chooses one, without a model the provider does. */
export interface ModelChoice {
  backendId: string
  provider: string | null
  model: string | null
}

/** The id of the built-in backend. It needs no profile and is always there. */
export const GUIDE_BACKEND_ID = 'guide'

/** A configured server. */
export interface BackendProfile {
  id: string
  name: string
  /** Normalised base address without `/backend-api`, such as `http://localhost:1337`; never with credentials. */
  url: string
  /**
   * When the origin of the address last changed, in milliseconds since the epoch; 0 for never. Set by main. What the
   * providers of the server before wanted back is not for the one after (S35).
   */
  addressSince: number
  /** Null is the automatic choice of the backend. */
  provider: string | null
  model: string | null
  headers: BackendHeader[]
  /** Names of the providers that have a key of their own here; the keys are secrets. */
  keyedProviders: string[]
  /**
   * Fields that go with every question beside Parley's own, as the text of one JSON object, the way it was typed; empty for
   * none. The server passes them on to the provider (protocol.md section 1).
   */
  parameters: string
  /** Connecting, 1 to 120 s; wait for the first byte, 10 to 1,800 s; silence between bytes, 10 to 3,600 s (R10). */
  connectTimeoutSeconds: number
  firstByteTimeoutSeconds: number
  idleTimeoutSeconds: number
  proxy: ProxyChoice
  trust: CertificateTrust
}

/** The way to a server that is not on this computer; one that is, is never asked through a proxy (S38). */
export type ProxyChoice =
  | { kind: 'none' }
  | { kind: 'system' }
  /** `url` is `http`, `https`, `socks4` or `socks5` `://host:port`, without a login; the password is a secret. */
  | { kind: 'own'; url: string; user: string }

/**
 * Whose word counts that a server is the one it says it is. A page may only go back to `system`: the others are set by
 * main, which has seen the certificate or read the file itself.
 */
export type CertificateTrust =
  | { kind: 'system' }
  /** Only this one certificate, whoever signed it; any other is refused before anything is sent (S37). */
  | { kind: 'pinned'; certificate: CertificateInfo; trustedAt: number }
  /** Certificates signed by those of a file, beside those that the computer trusts; the file lies with main, under its hash. */
  | { kind: 'authority'; fileName: string; subjects: string[]; sha256: string }

/** What a server's certificate says of itself. Texts come from the certificate: capped, and shown as text only. */
export interface CertificateInfo {
  /** Of the whole certificate, 64 hexadecimal digits in lower case. */
  sha256: string
  subject: string
  issuer: string
  isSelfSigned: boolean
  /** Host names and addresses it is for. */
  names: string[]
  /** Milliseconds since the epoch. */
  validFrom: number
  validTo: number
}

export interface BackendHeader {
  id: string
  name: string
  isSecret: boolean
  /** Empty for a secret header: its value is stored encrypted. */
  value: string
}

/**
 * What a page may know of a secret. `origin` is the address it was entered for: it is never sent anywhere else (S35).
 * `session` means that no keychain is there and the value is kept in memory until Parley quits (S26).
 */
export type SecretState =
  | { kind: 'unset' }
  | { kind: 'set'; tail: string; origin: string; kept: 'keychain' | 'unprotected' | 'session' }
  | { kind: 'unreadable'; origin: string }

/** Names one secret: the API key of a backend, of a provider behind it, the value of a secret header, the proxy's password. */
export type SecretName =
  | { backendId: string; field: 'api-key' }
  | { backendId: string; field: 'provider-key'; provider: string }
  | { backendId: string; field: 'header'; headerId: string }
  /** Its origin is that of the proxy. */
  | { backendId: string; field: 'proxy-password' }

/** A backend as pages see it. The Guide is one of them, with `isBuiltIn`. */
export interface BackendView {
  profile: BackendProfile
  isBuiltIn: boolean
  apiKey: SecretState
  /** By header id, for secret headers only. */
  headerSecrets: Record<string, SecretState>
  /** In the order of the profile's `keyedProviders`. */
  providerKeys: { provider: string; key: SecretState }[]
  proxyPassword: SecretState
  status: BackendStatus
}

/** How a backend stands, as the last contact with it told; `atMs` is on the wall clock. */
export type BackendStatus =
  | { kind: 'unknown' }
  | { kind: 'connecting' }
  | { kind: 'connected'; atMs: number }
  /** It answers, and asks for a key that is missing or wrong. */
  | { kind: 'needs-key'; atMs: number }
  /** Its certificate is not one that counts; nothing was sent. */
  | { kind: 'untrusted'; error: AppError; atMs: number }
  | { kind: 'offline'; error: AppError; atMs: number }

/** The settings of a first start. `platform` is Node's name of it; the shortcut follows its habits (DESIGN "Keyboard"). */
export function defaultSettings(platform: string): Settings {
  return {
    locale: 'system',
    theme: 'system',
    textSizePx: 16,
    sendKey: 'enter',
    closeToTray: null,
    quickAsk: { isEnabled: true, shortcut: platform === 'darwin' ? 'Alt+Space' : 'Control+Shift+Space' },
    activeBackendId: null,
    favourites: [],
    isTemporaryByDefault: false,
    trashDays: 30,
    recents: [],
    backends: [],
  }
}

export const DEFAULT_CONNECT_TIMEOUT_SECONDS = 10
export const DEFAULT_FIRST_BYTE_TIMEOUT_SECONDS = 300
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 120

/** A new profile for an address, before the person has changed anything. */
export function newBackendProfile(id: string, name: string, url: string): BackendProfile {
  return {
    id,
    name,
    url,
    addressSince: 0,
    provider: null,
    model: null,
    headers: [],
    keyedProviders: [],
    parameters: '',
    connectTimeoutSeconds: DEFAULT_CONNECT_TIMEOUT_SECONDS,
    firstByteTimeoutSeconds: DEFAULT_FIRST_BYTE_TIMEOUT_SECONDS,
    idleTimeoutSeconds: DEFAULT_IDLE_TIMEOUT_SECONDS,
    proxy: { kind: 'system' },
    trust: { kind: 'system' },
  }
}
