/**
 * `node scripts/icons.mjs`: draws every icon in resources/icons from the SVG files in resources/icons/src. Needs
 * rsvg-convert (Debian: librsvg2-bin). The results are committed, so only who changes a drawing runs this.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isEntry, projectRoot, Refusal, runScript } from './process.mjs'

const icons = path.join(projectRoot, 'resources', 'icons')

/**
 * @param {string} name of a drawing, without its ending
 * @param {number} sizePx
 * @returns {Buffer} a PNG
 */
function draw(name, sizePx) {
  const source = path.join(icons, 'src', `${name}.svg`)
  try {
    return execFileSync('rsvg-convert', ['--width', `${sizePx}`, '--height', `${sizePx}`, source], {
      maxBuffer: 64 * 1024 * 1024,
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Refusal('rsvg-convert is missing. Debian: apt install librsvg2-bin; macOS: brew install librsvg.')
    }
    throw error
  }
}

/**
 * At 24 px and below the large drawing blurs: there is a small one.
 * @param {string} large
 * @param {number} sizePx
 */
const drawApp = (large, sizePx) => draw(sizePx <= 24 ? 'parley-app-icon-small' : large, sizePx)

/**
 * The Windows icon format: a directory of pictures, each a whole PNG.
 * @param {{sizePx: number, png: Buffer}[]} pictures
 */
export function packIco(pictures) {
  const head = Buffer.alloc(6 + 16 * pictures.length)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(pictures.length, 4)
  let offset = head.length
  for (const [index, { sizePx, png }] of pictures.entries()) {
    const at = 6 + 16 * index
    // 256 does not fit into a byte and is written as 0.
    head[at] = sizePx % 256
    head[at + 1] = sizePx % 256
    head.writeUInt16LE(1, at + 4)
    head.writeUInt16LE(32, at + 6)
    head.writeUInt32LE(png.length, at + 8)
    head.writeUInt32LE(offset, at + 12)
    offset += png.length
  }
  return Buffer.concat([head, ...pictures.map(({ png }) => png)])
}

/**
 * The macOS icon format: blocks of a type, a length and a PNG.
 * @param {{type: string, png: Buffer}[]} pictures
 */
export function packIcns(pictures) {
  const blocks = pictures.map(({ type, png }) => {
    const head = Buffer.alloc(8)
    head.write(type, 'latin1')
    head.writeUInt32BE(8 + png.length, 4)
    return Buffer.concat([head, png])
  })
  const body = Buffer.concat(blocks)
  const head = Buffer.alloc(8)
  head.write('icns', 'latin1')
  head.writeUInt32BE(8 + body.length, 4)
  return Buffer.concat([head, body])
}

/** Types of the macOS format by size in pixels; some sizes have two, for one and two pixels per point. */
const icnsTypes = /** @type {const} */ ([
  ['icp4', 16],
  ['ic11', 32],
  ['icp5', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic13', 256],
  ['ic08', 256],
  ['ic14', 512],
  ['ic09', 512],
  ['ic10', 1024],
])

async function drawAll() {
  // The dot on the button of Windows' taskbar, for one and two pixels per point.
  writeFileSync(path.join(icons, 'badge.png'), draw('parley-badge', 16))
  writeFileSync(path.join(icons, 'badge@2x.png'), draw('parley-badge', 32))
  const tray = path.join(icons, 'tray')
  mkdirSync(tray, { recursive: true })
  for (const sizePx of [16, 24, 32, 48, 64, 128, 256, 512, 1024]) {
    writeFileSync(path.join(icons, `${sizePx}x${sizePx}.png`), drawApp('parley-app-icon', sizePx))
  }
  writeFileSync(
    path.join(icons, 'icon.ico'),
    packIco([16, 24, 32, 48, 64, 256].map((sizePx) => ({ sizePx, png: drawApp('parley-app-icon-windows', sizePx) }))),
  )
  writeFileSync(
    path.join(icons, 'icon.icns'),
    packIcns(icnsTypes.map(([type, sizePx]) => ({ type, png: drawApp('parley-app-icon', sizePx) }))),
  )
  for (const [name, drawing] of [
    ['tray-on-dark', 'parley-tray-on-dark'],
    ['tray-on-dark-running', 'parley-tray-on-dark-running'],
    ['tray-on-light', 'parley-tray-on-light'],
    ['tray-on-light-running', 'parley-tray-on-light-running'],
    // macOS knows a template by this ending.
    ['trayTemplate', 'parley-tray-template'],
    ['tray-runningTemplate', 'parley-tray-template-running'],
  ]) {
    for (const [ending, sizePx] of /** @type {const} */ ([
      ['', 16],
      ['@1.5x', 24],
      ['@2x', 32],
      ['@3x', 48],
    ])) {
      writeFileSync(path.join(tray, `${name}${ending}.png`), draw(String(drawing), sizePx))
    }
  }
  return 0
}

if (isEntry(import.meta.url)) await runScript(drawAll)
