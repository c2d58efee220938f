import { join } from 'node:path'
import { app, BrowserWindow, nativeImage, Notification, powerSaveBlocker } from 'electron'
import { answerText, type ConversationSummary, type FinishState } from '../../shared/conversation'
import type { Translate } from '../../shared/i18n'
import { renderPlainText } from '../../shared/markdown/plain-text'
import type { Settings } from '../../shared/settings'
import type { OpenedHouse } from '../house'
import { factsOf } from '../log'
import type { Logger } from '../logger'

export interface AttentionOptions {
  settings: () => Settings
  translate: () => Translate
  logger: Logger
  /** The window that the taskbar shows; null while there is none. */
  main: () => BrowserWindow | null
  platform: NodeJS.Platform
  /** The folder `resources/icons`. */
  icons: string
  /** The person wants to see this conversation. */
  open: (conversationId: string) => void
}

/** A notification is a glance, not a page. */
const MAX_BODY_CHARACTERS = 200

/** What a notification of an ended answer says; null for one that nobody has to be told of. Pure. */
export function notificationOf(
  answer: { state: FinishState; isQuitting: boolean; title: string; text: string },
  notifies: Settings['notifies'],
  t: Translate,
): { title: string; body: string } | null {
  // Who has stopped it knows.
  if (notifies === 'never' || answer.isQuitting || answer.state === 'stopped') return null
  const isGood = answer.state === 'complete' || answer.state === 'complete-unconfirmed'
  const said = t(isGood ? 'desktop:notification.complete' : 'desktop:notification.failed')
  // Whoever stands before the screen reads it: neither question nor answer, unless the person wants that (S27).
  if (notifies === 'plain') return { title: t('common:app'), body: said }
  const characters = [...renderPlainText(answer.text).replace(/\s+/gu, ' ').trim()]
  const cut =
    characters.length > MAX_BODY_CHARACTERS ? [...characters.slice(0, MAX_BODY_CHARACTERS - 1), '…'] : characters
  const title = answer.title === '' ? t('common:app') : answer.title
  return { title, body: isGood && cut.length > 0 ? cut.join('') : said }
}

/** How Parley is noticed while it is not looked at: notifications, the taskbar's progress and badge, and the computer's sleep. */
export class Attention {
  readonly #options: AttentionOptions
  /** One that is not referred to is collected, and its click with it. */
  readonly #shown = new Set<Notification>()
  readonly #ignored = new Set<string>()
  #conversations: readonly ConversationSummary[] = []
  #blocker: number | null = null
  #badge = 0
  #isQuitting = false

  constructor(options: AttentionOptions) {
    this.#options = options
    app.on('before-quit', () => (this.#isQuitting = true))
  }

  /** Says nothing of an answer that somebody looks at elsewhere, such as in a terminal. */
  ignore(generationId: string): void {
    this.#ignored.add(generationId)
  }

  follow(house: OpenedHouse): void {
    house.generations.onEvents((events) => {
      for (const { generationId, conversationId, messageId, part } of events) {
        if (part.type !== 'finish' || this.#ignored.delete(generationId) || isInFront()) continue
        this.#notify(house, conversationId, messageId, part.state).catch((thrown: unknown) =>
          this.#options.logger.warn('no notification', factsOf(thrown)),
        )
      }
    })
  }

  /** Shows in taskbar or dock what is running and what is unread. */
  render(conversations: readonly ConversationSummary[] = this.#conversations): void {
    this.#conversations = conversations
    const isRunning = conversations.some((each) => each.isRunning)
    const window = this.#options.main()
    // More than 1 is a bar without an end; an answer has no known length.
    if (window !== null && !window.isDestroyed()) window.setProgressBar(isRunning ? 2 : -1)
    const unread = conversations.filter(({ isUnread }) => isUnread).length
    if (unread !== this.#badge) this.#showBadge(window, unread)
    this.#badge = unread
    const isAwake = isRunning && this.#options.settings().staysAwake
    if (isAwake && this.#blocker === null) this.#blocker = powerSaveBlocker.start('prevent-app-suspension')
    else if (!isAwake && this.#blocker !== null) {
      powerSaveBlocker.stop(this.#blocker)
      this.#blocker = null
    }
  }

  /** A number where the system draws one; on Windows, which does not, a dot on the button of the taskbar. */
  #showBadge(window: BrowserWindow | null, unread: number): void {
    const { platform, icons, translate } = this.#options
    if (platform !== 'win32') {
      app.setBadgeCount(unread)
      return
    }
    if (window === null || window.isDestroyed()) return
    const dot = unread === 0 ? null : nativeImage.createFromPath(join(icons, 'badge.png'))
    window.setOverlayIcon(dot, unread === 0 ? '' : translate()('desktop:badge', { count: unread }))
  }

  async #notify(house: OpenedHouse, conversationId: string, messageId: string, state: FinishState): Promise<void> {
    const { settings, translate, open } = this.#options
    if (settings().notifies === 'never' || !Notification.isSupported()) return
    const { conversation } = await house.generations.open(conversationId)
    const answer = conversation.messages.find(({ id }) => id === messageId)
    if (answer?.role !== 'assistant') return
    const said = notificationOf(
      { state, isQuitting: this.#isQuitting, title: conversation.title, text: answerText(answer) },
      settings().notifies,
      translate(),
    )
    if (said === null) return
    const notification = new Notification(said)
    const forget = (): void => void this.#shown.delete(notification)
    notification.on('click', () => {
      forget()
      // Another version of the answer may be on show by now.
      void house.generations.showMessage(conversationId, messageId).then(
        () => open(conversationId),
        () => open(conversationId),
      )
    })
    notification.on('close', forget)
    notification.on('failed', forget)
    this.#shown.add(notification)
    notification.show()
  }
}

function isInFront(): boolean {
  return BrowserWindow.getAllWindows().some((window) => window.isFocused() && window.isVisible())
}
