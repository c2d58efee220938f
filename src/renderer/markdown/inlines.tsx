import { createElement, memo, type MouseEvent, type ReactNode } from 'react'
import { Dot } from './dot'
import { FootnoteMark } from './footnotes'
import { MathFormula } from './math'
import { useOpenLink } from './links'
import type { Inline } from '../../shared/markdown/nodes'
import { PictureView } from './picture'

/** A run of inline nodes; `hasDot` ends it with the dot of a running answer. */
export function Inlines({ nodes, hasDot = false }: { nodes: readonly Inline[]; hasDot?: boolean }) {
  const last = nodes.at(-1)
  return (
    <>
      {nodes.map((node, index) => (
        <InlineView key={index} node={node} />
      ))}
      {hasDot && <Dot isBeside={last === undefined || last.kind === 'break'} />}
    </>
  )
}

function InlineView({ node }: { node: Inline }): ReactNode {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'span':
      return createElement(node.as, null, <Inlines nodes={node.children} />)
    case 'code':
      return (
        <code className="md-code" dir="ltr">
          {node.text}
        </code>
      )
    case 'break':
      return <br />
    case 'link':
      return (
        <Link href={node.href} title={node.title}>
          <Inlines nodes={node.children} />
        </Link>
      )
    case 'picture':
      return <PictureView picture={node.picture} />
    case 'math':
      return <MathFormula tex={node.tex} isDisplay={node.isDisplay} />
    case 'footnote':
      return <FootnoteMark label={node.label} raw={node.raw} />
    case 'piece':
      return <Piece node={node} />
  }
}

type PieceNode = Extract<Inline, { kind: 'piece' }>

const Piece = memo(
  function Piece({ node }: { node: PieceNode }) {
    return <Inlines nodes={node.children} />
  },
  (before, after) => before.node.raw === after.node.raw && before.node.version === after.node.version,
)

/** A link that never navigates: main asks and opens it (S10, S12). Its tooltip says where it leads. */
function Link({ href, title, children }: { href: string; title: string; children: ReactNode }) {
  const openLink = useOpenLink()
  const open = (event: MouseEvent) => {
    event.preventDefault()
    openLink(href)
  }
  return (
    <a
      className="md-link"
      href={href}
      title={title === '' ? href : `${title}\n${href}`}
      rel="noreferrer noopener"
      draggable={false}
      onClick={open}
      onAuxClick={(event) => {
        if (event.button === 1) open(event)
      }}
    >
      {children}
    </a>
  )
}
