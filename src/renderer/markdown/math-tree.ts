import { createElement, type CSSProperties, type ReactNode } from 'react'

/**
 * KaTeX's own tree of a formula as React elements. KaTeX would write markup, or `style` attributes that the content
 * security policy refuses; React sets the same styles one by one, which it allows.
 *
 * The nodes are told apart by their shape, because KaTeX does not publish their types: spans and symbols (`classes`),
 * SVG with its paths and lines (`attributes` alone), MathML (`type`), spaces (`width`) and bare text. Links and images do
 * not occur without `trust`, and would come out as spans without a target.
 */
export function toElements(node: unknown, key: number | string = 0): ReactNode {
  if (!isNode(node)) return null
  if (typeof node.pathName === 'string') return createElement('path', { key, d: pathOf(node) })
  if (typeof node.type === 'string') return mathml(node, node.type, key)
  if (typeof node.text === 'string') return symbol(node, node.text, key)
  if ('character' in node) return space(node, key)
  if (Array.isArray(node.classes)) {
    const props = { key, className: classNames(node.classes), style: styleOf(node.style), 'aria-hidden': hidden(node) }
    return createElement('span', props, children(node))
  }
  if (isNode(node.attributes)) {
    const { style, ...attributes } = attributesOf(node.attributes)
    const tag = Array.isArray(node.children) ? 'svg' : 'line'
    return createElement(tag, { key, ...attributes, style: parseStyle(style) }, children(node))
  }
  return children(node)
}

type TreeNode = Record<string, unknown>

function isNode(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null
}

function children(node: TreeNode): ReactNode[] | undefined {
  if (!Array.isArray(node.children)) return undefined
  return node.children.map((child: unknown, index) => toElements(child, index))
}

function symbol(node: TreeNode, text: string, key: number | string): ReactNode {
  const classes = Array.isArray(node.classes) ? classNames(node.classes) : ''
  const italic = typeof node.italic === 'number' && node.italic > 0 ? { marginRight: `${node.italic}em` } : {}
  const style = { ...styleOf(node.style), ...italic }
  if (classes === '' && Object.keys(style).length === 0) return text
  return createElement('span', { key, className: classes, style }, text)
}

function space(node: TreeNode, key: number | string): ReactNode {
  if (typeof node.character === 'string') return createElement('mtext', { key }, node.character)
  return createElement('mspace', { key, width: typeof node.width === 'number' ? `${node.width}em` : '0' })
}

const MATHML_TAG = /^(?:math|semantics|annotation|m[a-z]+)$/u

function mathml(node: TreeNode, type: string, key: number | string): ReactNode {
  if (!MATHML_TAG.test(type)) return children(node)
  const { style, ...attributes } = isNode(node.attributes) ? attributesOf(node.attributes) : { style: undefined }
  return createElement(type, { key, ...attributes, style: parseStyle(style) }, children(node))
}

/** The outline of a stretched sign; KaTeX keeps its table of them to itself but writes it here. */
function pathOf(node: TreeNode): string {
  if (typeof node.alternate === 'string') return node.alternate
  const markup: unknown = typeof node.toMarkup === 'function' ? Reflect.apply(node.toMarkup, node, []) : ''
  return typeof markup === 'string' ? (/ d="([^"]*)"/u.exec(markup)?.[1] ?? '') : ''
}

function classNames(classes: readonly unknown[]): string {
  return classes.filter((name) => typeof name === 'string' && name !== '').join(' ')
}

function hidden(node: TreeNode): true | undefined {
  return isNode(node.attributes) && node.attributes['aria-hidden'] === 'true' ? true : undefined
}

// React's names where they are not those of the markup.
const ATTRIBUTES: Readonly<Record<string, string>> = { 'stroke-width': 'strokeWidth' }
const ALLOWED =
  /^(?:xmlns|width|height|depth|viewBox|preserveAspectRatio|x1|x2|y1|y2|stroke-width|display|encoding|style|accent|accentunder|columnalign|columnspacing|columnlines|rowspacing|rowlines|displaystyle|scriptlevel|fence|separator|stretchy|form|lspace|rspace|linethickness|mathvariant|mathcolor|mathbackground|mathsize|maxsize|minsize|notation|side|symmetric|voffset|largeop|movablelimits)$/u

function attributesOf(attributes: TreeNode): { style?: string } & Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => ALLOWED.test(name))
      .map(([name, value]) => [ATTRIBUTES[name] ?? name, String(value)]),
  )
}

function styleOf(style: unknown): CSSProperties {
  if (!isNode(style)) return {}
  return Object.fromEntries(Object.entries(style).filter(([, value]) => typeof value === 'string' && isSafe(value)))
}

function parseStyle(style: string | undefined): CSSProperties | undefined {
  if (style === undefined) return undefined
  const entries = style.split(';').flatMap((declaration): [string, string][] => {
    const colon = declaration.indexOf(':')
    const name = declaration.slice(0, colon).trim()
    const value = declaration.slice(colon + 1).trim()
    if (colon < 0 || !isSafe(value)) return []
    return [[name.replace(/-([a-z])/gu, (_, letter: string) => letter.toUpperCase()), value]]
  })
  return Object.fromEntries(entries)
}

/** KaTeX writes lengths, colours and keywords; nothing that names an address may pass. */
function isSafe(value: string): boolean {
  return value.length < 100 && !/url|image|[\\@]/iu.test(value)
}
