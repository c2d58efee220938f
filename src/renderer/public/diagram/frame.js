// The only script that runs beside Mermaid, in a frame without an origin: see docs/decisions/0013-diagrams-in-a-frame.md.
// A classic script, because a frame without an origin may load no module.
'use strict'

/** Loads Mermaid, once. @param {string} address of the same server as this script */
function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = address
    script.addEventListener('load', () => resolve(globalThis.mermaid))
    script.addEventListener('error', () => reject(new Error('not loaded')))
    document.head.append(script)
  })
}

/** Markup as an image can have it: well-formed, and without what only a page could use. */
function asImage(markup) {
  const svg = new DOMParser().parseFromString(markup, 'text/html').querySelector('svg')
  if (svg === null) throw new Error('nothing drawn')
  for (const element of svg.querySelectorAll('script, iframe, object, embed')) element.remove()
  for (const element of [svg, ...svg.querySelectorAll('*')]) {
    for (const { name } of [...element.attributes]) {
      if (/^on|href$/iu.test(name) && !element.getAttribute(name)?.startsWith('#')) element.removeAttribute(name)
    }
  }
  const { width, height } = svg.viewBox.baseVal
  svg.setAttribute('width', String(width))
  svg.setAttribute('height', String(height))
  return { svg: new XMLSerializer().serializeToString(svg), width, height }
}

addEventListener('message', async ({ data, source }) => {
  if (source !== parent) return
  try {
    const mermaid = await load(data.script)
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: 'strict',
      suppressErrorRendering: true,
      maxTextSize: data.text.length + 1,
      maxEdges: 500,
      htmlLabels: false,
      flowchart: { htmlLabels: false },
      class: { htmlLabels: false },
      theme: 'base',
      themeVariables: data.theme,
      fontFamily: data.theme.fontFamily,
      // What a diagram may not change about itself with its own first lines.
      secure: [
        'secure',
        'securityLevel',
        'startOnLoad',
        'maxTextSize',
        'maxEdges',
        'htmlLabels',
        'fontFamily',
        'themeCSS',
      ],
    })
    const { svg } = await mermaid.render('diagram', data.text)
    parent.postMessage({ kind: 'drawn', ...asImage(svg) }, '*')
  } catch (error) {
    parent.postMessage({ kind: 'failed', words: String(error?.message ?? error).slice(0, 2000) }, '*')
  }
})
parent.postMessage({ kind: 'ready' }, '*')
