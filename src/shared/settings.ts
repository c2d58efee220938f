import { DEFAULT_CHAT_SETTINGS, type ChatSettings } from './conversation'
import type { Shortcuts } from './actions'
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
  /** How wide thread and composer are at most. */
  columnWidth: ColumnWidth
  /** Long lines of code are broken; otherwise they scroll. */
  wrapsCode: boolean
  /** The thread scrolls along with an answer until the person scrolls up; otherwise the answer's beginning stays in sight. */
  followsAnswer: boolean
  /** Who answered, and how fast, stands under a finished answer. */
  showsProvider: boolean
  motion: 'system' | 'reduced' | 'full'
  /** What the main window begins with when Parley starts. */
  opensWith: 'new' | 'last'
  sendKey: 'enter' | 'mod-enter'
  /** What closing the main window does; null until the person was asked once. */
  closeToTray: boolean | null
  /** Of an answer that ends while no window of Parley is in front: nothing, that it ended, or with its words. */
  notifies: 'never' | 'plain' | 'text'
  /** The computer does not fall asleep by itself while an answer is written. */
  staysAwake: boolean
  startsAtLogin: 'never' | 'shown' | 'hidden'
  quickAsk: QuickAskSettings
  /** Keys of actions that a person has changed. */
  shortcuts: Shortcuts
  /** Words that no dictionary of `spellingLanguages` has are underlined as they are written. */
  checksSpelling: boolean
  /** BCP 47, of those that Chromium has dictionaries of; empty for those of the system. macOS finds the language by itself. */
  spellingLanguages: readonly string[]
  /** The backend of new conversations; null until the first run has been answered. */
  activeBackendId: string | null
  /** Models with a star, in the order in which they got it; at most 200. */
  favourites: ModelChoice[]
  /** New conversations are temporary. */
  isTemporaryByDefault: boolean
  /** What new conversations begin with. */
  newChat: ChatSettings
  images: ImageSettings
  webPictures: WebPictures
  /** Log files that are older are deleted. */
  keepLogsDays: 1 | 7 | 30
  /** The last backup that a person made, and the last check of the library; null for none. Set by main. */
  lastBackup: { atMs: number; bytes: number } | null
  lastCheck: { atMs: number; faults: number } | null
  /** After so many days the trash is emptied; null for never. */
  trashDays: 7 | 30 | 90 | null
  /** Models that were chosen last, the newest first; at most 50. */
  recents: ModelChoice[]
  backends: BackendProfile[]
}

/** The small window for one question, and what becomes of its answers [32]. */
export interface QuickAskSettings {
  isEnabled: boolean
  /** Electron accelerator, such as `Control+Shift+Space`. */
  shortcut: string
  /** Shows it with a region of the screen; as `shortcut`, null for no key. */
  regionShortcut: string | null
  /** Whom quick questions ask; null for whom new chats ask. */
  choice: ModelChoice | null
  /** Goes before a quick question, as role `system`; empty for what new chats begin with. */
  instruction: string
  /** It hides when another window gets the focus. */
  hidesOnBlur: boolean
  /** Quick questions are conversations in the history; otherwise temporary ones. */
  isKept: boolean
  /** The display it comes up on: that with the pointer, or the main one. */
  opensOn: 'pointer' | 'main'
  /** It offers to paste when there is something to paste; that is read only then. */
  offersClipboard: boolean
  /** It offers to capture a region of the screen in words, not by an icon alone. */
  offersRegion: boolean
}

export const DEFAULT_QUICK_ASK: QuickAskSettings = {
  isEnabled: true,
  shortcut: 'Control+Shift+Space',
  regionShortcut: null,
  choice: null,
  instruction: '',
  hidesOnBlur: true,
  isKept: true,
  opensOn: 'pointer',
  offersClipboard: true,
  offersRegion: false,
}

/** As long as an instruction of quick questions can be. */
export const MAX_QUICK_INSTRUCTION = 2000

/** What becomes of images before they are sent [31]. */
export interface ImageSettings {
  /** A larger image is shrunk: pixels of its longer side, 256 to 8,192, and bytes, 100 KB to 20 MB. */
  maxSidePx: number
  maxBytes: number
  /** Of JPEG, in percent, 40 to 100. */
  qualityPercent: number
  /** Nothing is shrunk unless the person asks for it. */
  isOriginalSent: boolean
  /** Place, camera, serial numbers and descriptions are taken out of every image, originals too (S23). */
  isMetadataRemoved: boolean
  /** In one message, 1 to 10. */
  maxCount: number
}

export const DEFAULT_IMAGE_SETTINGS: ImageSettings = {
  maxSidePx: 1600,
  maxBytes: 1.5 * 1024 * 1024,
  qualityPercent: 82,
  isOriginalSent: false,
  isMetadataRemoved: true,
  maxCount: 10,
}

/** Whether an image is larger than a person wants to send. */
export function isTooLarge(
  image: { width: number; height: number; bytes: number },
  { maxSidePx, maxBytes }: Pick<ImageSettings, 'maxSidePx' | 'maxBytes'>,
): boolean {
  return Math.max(image.width, image.height) > maxSidePx || image.bytes > maxBytes
}

export type ColumnWidth = 'narrow' | 'normal' | 'wide'

/** The thread's width in pixels; the composer is 32 wider, so that its text stands below the answer's. */
export const COLUMN_PX: Record<ColumnWidth, number> = { narrow: 620, normal: 740, wide: 960 }

export type Locale = 'en' | 'ru'

/**
 * Pictures of the web in answers: a host learns the person's address when one is fetched. Hosts are as in a URL, with
 * their port if it is not the usual one. A blocked host is asked for nothing, whatever else is set.
 */
export interface WebPictures {
  load: 'never' | 'ask' | 'always'
  allowed: string[]
  blocked: string[]
}

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
    columnWidth: 'normal',
    wrapsCode: false,
    followsAnswer: true,
    showsProvider: true,
    motion: 'system',
    opensWith: 'new',
    sendKey: 'enter',
    closeToTray: null,
    notifies: 'plain',
    staysAwake: false,
    startsAtLogin: 'never',
    quickAsk: { ...DEFAULT_QUICK_ASK, ...(platform === 'darwin' && { shortcut: 'Alt+Space' }) },
    shortcuts: {},
    // The dictionaries of macOS are on the computer; elsewhere Chromium would load them from the web (S50).
    checksSpelling: platform === 'darwin',
    spellingLanguages: [],
    activeBackendId: null,
    favourites: [],
    isTemporaryByDefault: false,
    images: DEFAULT_IMAGE_SETTINGS,
    newChat: DEFAULT_CHAT_SETTINGS,
    webPictures: { load: 'ask', allowed: [], blocked: [] },
    keepLogsDays: 7,
    lastBackup: null,
    lastCheck: null,
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
