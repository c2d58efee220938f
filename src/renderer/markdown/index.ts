export { Markdown, type MarkdownProps } from './markdown'
export type { OpenLink } from './links'
export { renderFragment } from '../../shared/markdown/fragment'
export { renderPlainText } from '../../shared/markdown/plain-text'
