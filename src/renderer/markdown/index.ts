export { Markdown, type MarkdownProps } from './markdown'
export type { OpenLink } from './links'
export { renderPlainText } from '../../shared/markdown/plain-text'
