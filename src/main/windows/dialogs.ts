import { dialog, type BrowserWindow, type MessageBoxOptions } from 'electron'
import type { Translate } from '../../shared/i18n'
import type { PlaceKind } from '../handlers'
import type { SafeLink } from '../links'

/** Native dialogs. Each returns what the person chose; closing one is always the answer that changes nothing. */

async function ask(window: BrowserWindow | null, options: MessageBoxOptions): Promise<number> {
  const { response } =
    window === null || window.isDestroyed()
      ? await dialog.showMessageBox(options)
      : await dialog.showMessageBox(window, options)
  return response
}

/** Shows where a link really leads; the text of a link can say anything. */
export async function confirmLink(window: BrowserWindow, link: SafeLink, t: Translate): Promise<boolean> {
  const response = await ask(window, {
    type: 'question',
    message: link.host === null ? t('desktop:link.mail') : t('desktop:link.web', { host: link.host }),
    detail: link.url,
    buttons: [t('desktop:link.open'), t('common:cancel')],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  })
  return response === 0
}

/** Lets the person choose images. The paths come from the system's own dialog; a page never sees them. */
export async function pickImages(window: BrowserWindow, t: Translate): Promise<string[]> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: t('desktop:pick.title'),
    buttonLabel: t('desktop:pick.button'),
    properties: ['openFile', 'multiSelections', 'dontAddToRecent'],
    filters: [
      {
        name: t('desktop:pick.images'),
        extensions: 'png jpg jpeg webp gif avif bmp svg ico wav mp3 pdf txt md csv json log xml yaml'.split(' '),
      },
      // So that a picture with an odd ending can be chosen: what counts is its content.
      { name: t('desktop:pick.all'), extensions: ['*'] },
    ],
  })
  return filePaths
}

/** A file that Parley reads. */
export type PickedKind = 'authority' | 'recording' | 'conversations' | 'prompts'

/** Lets the person choose one file to read. @returns null when they choose none */
export async function pickFile(window: BrowserWindow, kind: PickedKind, t: Translate): Promise<string | null> {
  const { words, endings } = PICKED[kind]
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: t(`${words}.title`),
    buttonLabel: t(`${words}.button`),
    properties: ['openFile', 'dontAddToRecent'],
    filters: [
      { name: t(`${words}.files`), extensions: endings },
      { name: t('desktop:pick.all'), extensions: ['*'] },
    ],
  })
  return filePaths[0] ?? null
}

const PICKED: Record<PickedKind, { words: string; endings: string[] }> = {
  authority: { words: 'desktop:pickAuthority', endings: ['pem', 'crt', 'cer', 'ca-bundle'] },
  recording: { words: 'desktop:pickRecording', endings: ['json'] },
  conversations: { words: 'desktop:pickConversations', endings: ['zip', 'json'] },
  prompts: { words: 'desktop:pickPrompts', endings: ['json'] },
}

/** Lets the person choose where a file is written. @returns null when they choose no place */
export async function pickPlace(
  window: BrowserWindow,
  name: string,
  kind: PlaceKind,
  t: Translate,
): Promise<string | null> {
  const { title, files, endings } = PLACES[kind]
  const { filePath, canceled } = await dialog.showSaveDialog(window, {
    title: t(title),
    defaultPath: name,
    properties: ['createDirectory', 'showOverwriteConfirmation', 'dontAddToRecent'],
    filters: [
      { name: t(files), extensions: endings },
      { name: t('desktop:pick.all'), extensions: ['*'] },
    ],
  })
  return canceled || filePath === '' ? null : filePath
}

const PLACES: Record<PlaceKind, { title: string; files: string; endings: string[] }> = {
  media: {
    title: 'desktop:saveMedia.title',
    files: 'desktop:saveMedia.files',
    endings: [
      'png',
      'jpg',
      'gif',
      'webp',
      'avif',
      'mp4',
      'webm',
      'mov',
      'mp3',
      'wav',
      'ogg',
      'm4a',
      'flac',
      'txt',
      'pdf',
    ],
  },
  recording: { title: 'desktop:saveRecording.title', files: 'desktop:pickRecording.files', endings: ['json'] },
  prompts: { title: 'desktop:savePrompts.title', files: 'desktop:pickPrompts.files', endings: ['json'] },
  backup: { title: 'desktop:saveBackup.title', files: 'desktop:saveBackup.files', endings: ['zip'] },
  'export-all': { title: 'desktop:saveExport.title', files: 'desktop:saveExport.files', endings: ['zip'] },
  'chat-zip': { title: 'desktop:export.title', files: 'desktop:saveBackup.files', endings: ['zip'] },
  markdown: { title: 'desktop:export.title', files: 'desktop:export.markdown', endings: ['md'] },
  html: { title: 'desktop:export.title', files: 'desktop:export.html', endings: ['html'] },
  json: { title: 'desktop:export.title', files: 'desktop:export.json', endings: ['json'] },
  pdf: { title: 'desktop:export.title', files: 'desktop:export.pdf', endings: ['pdf'] },
}

/** Asked once, when a tray icon is there: what closing the window should do. */
export async function askCloseToTray(window: BrowserWindow, t: Translate): Promise<'keep' | 'quit' | 'cancel'> {
  const response = await ask(window, {
    type: 'question',
    message: t('desktop:close.message'),
    detail: t('desktop:close.detail'),
    buttons: [t('desktop:close.keep'), t('desktop:close.quit'), t('common:cancel')],
    defaultId: 0,
    cancelId: 2,
    noLink: true,
  })
  return response === 0 ? 'keep' : response === 1 ? 'quit' : 'cancel'
}

/** Asked when the main window closes while temporary chats are open. */
export async function askTemporary(
  window: BrowserWindow,
  count: number,
  t: Translate,
): Promise<'discard' | 'keep' | 'cancel'> {
  const response = await ask(window, {
    type: 'question',
    message: t('desktop:temporary.message', { count }),
    detail: t('desktop:temporary.detail', { count }),
    buttons: [t('desktop:temporary.discard'), t('desktop:temporary.keep', { count }), t('common:cancel')],
    defaultId: 2,
    cancelId: 2,
    noLink: true,
  })
  return response === 0 ? 'discard' : response === 1 ? 'keep' : 'cancel'
}

/** The page has not answered for a while. Ends by itself, as `wait`, when it answers again. */
export async function askUnresponsive(
  window: BrowserWindow,
  t: Translate,
  signal: AbortSignal,
): Promise<'wait' | 'reload'> {
  const response = await ask(window, {
    type: 'warning',
    message: t('desktop:unresponsive.message'),
    detail: t('desktop:unresponsive.detail'),
    buttons: [t('desktop:unresponsive.wait'), t('desktop:unresponsive.reload')],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
    signal,
  })
  return response === 1 ? 'reload' : 'wait'
}

/** The page has died again and again. */
export async function askCrashLoop(t: Translate): Promise<'reload' | 'quit'> {
  const response = await ask(null, {
    type: 'error',
    message: t('desktop:crash.message'),
    detail: t('desktop:crash.detail'),
    buttons: [t('desktop:crash.reload'), t('desktop:crash.quit')],
    defaultId: 0,
    cancelId: 1,
    noLink: true,
  })
  return response === 0 ? 'reload' : 'quit'
}

/** Drawing does without the graphics chip since the last start (R27). */
export async function askGraphics(window: BrowserWindow, t: Translate): Promise<'keep-off' | 'use-again'> {
  const response = await ask(window, {
    type: 'info',
    message: t('desktop:graphics.message'),
    detail: t('desktop:graphics.detail'),
    buttons: [t('desktop:graphics.keep'), t('desktop:graphics.again')],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  })
  return response === 1 ? 'use-again' : 'keep-off'
}

/** The one notice after damaged settings (R05). */
export async function tellSettingsRecovered(
  window: BrowserWindow,
  recovered: { from: 'backup' | 'defaults'; keptAs: string },
  others: readonly string[],
  t: Translate,
): Promise<void> {
  const settings = t(`desktop:recovered.${recovered.from}`, { file: recovered.keptAs })
  const rest =
    others.length === 0 ? [] : [t('desktop:setAside.detail', { count: others.length, files: others.join(', ') })]
  await tell(window, t('desktop:recovered.message'), [settings, ...rest].join('\n\n'), t)
}

/** The one notice after other files that could not be read. */
export async function tellSetAside(window: BrowserWindow, files: readonly string[], t: Translate): Promise<void> {
  const values = { count: files.length, files: files.join(', ') }
  await tell(window, t('desktop:setAside.message', values), t('desktop:setAside.detail', values), t)
}

/** After "Delete everything": what the system did not let go. */
export async function tellNotDeleted(window: BrowserWindow, names: readonly string[], t: Translate): Promise<void> {
  const detail = t('desktop:notDeleted.detail', { names: names.join(', ') })
  await tell(window, t('desktop:notDeleted.message'), detail, t)
}

async function tell(window: BrowserWindow, message: string, detail: string, t: Translate): Promise<void> {
  await ask(window, { type: 'warning', message, detail, buttons: [t('desktop:recovered.ok')], noLink: true })
}
