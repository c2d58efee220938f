/** What axe finds on a page: everything serious, with no rule left out. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

interface Violation {
  id: string
  impact: string | null
  nodes: { target: unknown[]; failureSummary?: string }[]
}

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules that depend on the theme. */
export const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

/**
 * Serious and critical findings of axe. Its source comes in through the debugger, past the page's CSP.
 *
 * @param rules these only, by default all
 */
export async function findings(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(source)
  const violations = await page.evaluate(async (only) => {
    const { axe } = window as unknown as {
      axe: { run(context: object, options: object): Promise<{ violations: Violation[] }> }
    }
    // Base UI puts guards around an open menu that hand the focus on in the same moment: nothing ever rests on one.
    const context = { include: [['html']], exclude: [['[data-base-ui-focus-guard]']] }
    const { violations: found } = await axe.run(context, {
      resultTypes: ['violations'],
      ...(only === null ? {} : { runOnly: { type: 'rule', values: only } }),
    })
    return found
  }, rules ?? null)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${JSON.stringify(node.target)} ${node.failureSummary ?? ''}`),
    )
}
