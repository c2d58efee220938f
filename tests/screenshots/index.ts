/**
 * Photographs every state of the design into one folder, in both themes, and lays the pictures on one page. Run by
 * `npm run screenshots [-- --design FOLDER] [--axe] [NAME…]`: FOLDER holds pictures to lay beside ours, NAME is a part of a
 * scene's name. With `--axe` each state is also read by axe, and what is serious is told at the end.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { COLOUR_RULES, findings } from '../support/axe'
import { startTlsServer } from '../support/tls-servers'
import { firstScenes, RIGHT_TO_LEFT, SCENES } from './scenes'
import { STATE_SCENES, WORN_SCENES, wearOut } from './states'
import { goHome, openStage, photograph, type Scene, type Stage } from './stage'

const FOLDER = path.resolve('screenshots')
const failures: string[] = []

function readArguments(args: readonly string[]): { design: string | null; withAxe: boolean; parts: string[] } {
  const at = args.indexOf('--design')
  const design = at === -1 ? null : (args[at + 1] ?? null)
  const parts = args.filter((arg, index) => arg !== '--axe' && (at === -1 || (index !== at && index !== at + 1)))
  return { design: design === null ? null : path.resolve(design), withAxe: args.includes('--axe'), parts }
}

async function save(name: string, page: Page): Promise<void> {
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`), animations: 'disabled', timeout: 10_000 })
  if (!withAxe) return
  const serious = await findings(page, name.endsWith('-dark') ? COLOUR_RULES : undefined)
  failures.push(...serious.map((finding) => `${name}, axe: ${finding}`))
}

/** One scene that cannot be reached must not cost the others. */
async function attempt(name: string, what: () => Promise<void>): Promise<void> {
  try {
    await what()
  } catch (thrown) {
    failures.push(`${name}: ${thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)}`)
  }
}

async function takeAll(
  stage: Stage,
  scenes: readonly Scene[],
  prepare: (stage: Stage) => Promise<void>,
): Promise<void> {
  for (const scene of scenes) {
    const startedMs = performance.now()
    await attempt(scene.name, async () => {
      await prepare(stage)
      await scene.show(stage)
      await photograph(stage, scene, save)
    })
    await attempt(`${scene.name}, leaving`, async () => scene.leave?.(stage))
    process.stdout.write(`${scene.name}  ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`)
  }
}

async function pngsOf(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.png')).sort()
}

/** Ours and, where there is one of the same name, theirs. */
async function writePage(design: string | null): Promise<void> {
  const ours = (await pngsOf(FOLDER)).filter((name) => /^\d\d-/u.test(name))
  const theirs = new Set(design === null ? [] : await pngsOf(design))
  const image = (address: string, name: string) =>
    `<a href="${address}"><img src="${address}" alt="${name}" loading="lazy"></a>`
  const rows = ours.map((name) => {
    const likeness = [name, name.replace(/-(?:ru|narrow)\.png$/u, '.png')].find((each) => theirs.has(each))
    const beside =
      design === null || likeness === undefined ? '' : image(pathToFileURL(path.join(design, likeness)).href, likeness)
    return `<section><h2 id="${name}">${name.slice(0, -4)}</h2><div>${image(name, name)}${beside}</div></section>`
  })
  const missing = [...theirs].filter((name) => !ours.includes(name))
  await writeFile(
    path.join(FOLDER, 'index.html'),
    `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Parley: pictures</title>
<style>body{font:14px/1.5 system-ui;margin:24px;background:#888}h2{font-size:14px;margin:32px 0 8px}div{display:flex;gap:16px;align-items:flex-start}a{flex:0 1 50%}img{max-width:100%;display:block}</style>
<h1>Ours${design === null ? '' : ', and the design beside it'}</h1>
${rows.join('\n')}
${missing.length === 0 ? '' : `<p>Only in the design: ${missing.join(', ')}</p>`}
</html>
`,
  )
}

const { design, withAxe, parts } = readArguments(process.argv.slice(2))
const isWanted = ({ name }: Scene) => parts.length === 0 || parts.some((part) => name.includes(part))

await mkdir(FOLDER, { recursive: true })
if (parts.length === 0) {
  for (const name of await pngsOf(FOLDER)) if (/^\d\d-/u.test(name)) await rm(path.join(FOLDER, name))
}
const scenes = [...SCENES, ...STATE_SCENES].filter(isWanted)
if (scenes.length > 0) {
  const stage = await openStage()
  await takeAll(stage, scenes, goHome)
  await stage.close()
}
const rightToLeft = RIGHT_TO_LEFT.filter(isWanted)
if (rightToLeft.length > 0) {
  const stage = await openStage()
  await takeAll(stage, rightToLeft, goHome)
  await stage.close()
}
const worn = WORN_SCENES.filter(isWanted)
if (worn.length > 0) {
  const stage = await openStage({ prepare: (userDataDir) => wearOut(userDataDir, Date.now()) })
  await takeAll(stage, worn, goHome)
  await stage.close()
}
const stage = await openStage({ isEmpty: true })
const tls = await startTlsServer({ certificate: 'self-signed', target: stage.server.port })
const first = firstScenes(tls)
// Each begins where the one before ended, so that all of them are gone through.
if (first.some(isWanted)) await takeAll(stage, first, () => Promise.resolve())
await stage.close()
await tls.close()
await writePage(design)
process.stdout.write(`\n${(await pngsOf(FOLDER)).length} pictures: ${path.join(FOLDER, 'index.html')}\n`)
for (const failure of failures) process.stdout.write(`not well: ${failure}\n`)
process.exit(failures.length === 0 ? 0 : 1)
