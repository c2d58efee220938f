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
  backends: BackendProfile[]
}

export type Locale = 'en' | 'ru'

/** The id of the built-in backend. It needs no profile and is always there. */
export const GUIDE_BACKEND_ID = 'guide'

/** A configured server. */
export interface BackendProfile {
  id: string
  name: string
  /** Normalised base address without `/backend-api`, such as `http://localhost:1337`; never with credentials. */
  url: string
  /** Null is the automatic choice of the backend. */
  provider: string | null
  model: string | null
  headers: BackendHeader[]
  /** Wait for the first byte, 10 to 1,800 s; silence between bytes, 10 to 3,600 s (R10). */
  firstByteTimeoutSeconds: number
  idleTimeoutSeconds: number
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

/** Names one secret: the API key of a backend, or the value of one of its secret headers. */
export type SecretName =
  { backendId: string; field: 'api-key' } | { backendId: string; field: 'header'; headerId: string }

/** A backend as pages see it. The Guide is one of them, with `isBuiltIn`. */
export interface BackendView {
  profile: BackendProfile
  isBuiltIn: boolean
  apiKey: SecretState
  /** By header id, for secret headers only. */
  headerSecrets: Record<string, SecretState>
}

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
    backends: [],
  }
}

export const DEFAULT_FIRST_BYTE_TIMEOUT_SECONDS = 300
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 120

/** A new profile for an address, before the person has changed anything. */
export function newBackendProfile(id: string, name: string, url: string): BackendProfile {
  return {
    id,
    name,
    url,
    provider: null,
    model: null,
    headers: [],
    firstByteTimeoutSeconds: DEFAULT_FIRST_BYTE_TIMEOUT_SECONDS,
    idleTimeoutSeconds: DEFAULT_IDLE_TIMEOUT_SECONDS,
  }
}
