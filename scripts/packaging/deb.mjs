/** Makes a .deb out of an unpacked app. dpkg-deb is all it needs, so it works offline on any Debian. */
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run } from '../children.mjs'
import { lastLines, Refusal } from '../process.mjs'

/**
 * @typedef {object} DebInput
 * @property {string} appFolder electron-builder's linux-unpacked
 * @property {string} iconFolder holds square PNGs; each goes to the icon theme by its size
 * @property {string} licenseFile
 * @property {string} outputFolder
 * @property {string} version
 * @property {string} description one line
 * @property {string} author
 * @property {string} arch Node's name: x64, arm64
 */

const depends = [
  'libgtk-3-0 | libgtk-3-0t64',
  'libnss3',
  'libasound2 | libasound2t64',
  'libgbm1',
  'libxss1',
  'libxtst6',
  'libnotify4',
  'libsecret-1-0',
  'xdg-utils',
]

const desktopEntry = `[Desktop Entry]
Type=Application
Name=Parley
GenericName=Chat
GenericName[ru]=Чат
Comment=Ask your own chat server
Comment[ru]=Вопросы вашему чат-серверу
Exec=parley
Icon=parley
Terminal=false
StartupWMClass=Parley
Categories=Network;Chat;
Actions=quick-ask;

[Desktop Action quick-ask]
Name=Quick ask
Name[ru]=Быстрый вопрос
Exec=parley --quick-ask
`

/**
 * What a person types. Without a display Chromium crashes before it can say a word, but for its own platform without one,
 * on which questions of the command line are answered: over ssh, in a timer. The process is replaced, so that signals and
 * the exit code are the app's.
 */
export const command = `#!/bin/sh
if [ -z "\$DISPLAY\$WAYLAND_DISPLAY" ]; then
  for word in "\$@"; do
    case "\$word" in
      --ask | --ask=*) exec /usr/lib/parley/parley --ozone-platform=headless --disable-gpu --log-level=3 "\$@" ;;
    esac
  done
fi
exec /usr/lib/parley/parley "\$@"
`

/** @param {string} arch */
export function debianArch(arch) {
  return arch === 'x64' ? 'amd64' : arch === 'arm' ? 'armhf' : arch
}

/**
 * @param {Pick<DebInput, 'version' | 'description' | 'author' | 'arch'>} app
 * @param {number} installedKiB
 * @returns {string} DEBIAN/control
 */
export function writeControl({ version, description, author, arch }, installedKiB) {
  const fields = {
    Package: 'parley',
    // In Debian's order 1.0.0~rc.1 comes before 1.0.0; with a hyphen it would come after.
    Version: version.replace('-', '~'),
    Section: 'net',
    Priority: 'optional',
    Architecture: debianArch(arch),
    'Installed-Size': String(installedKiB),
    Depends: depends.join(', '),
    Maintainer: author,
    Description: description,
  }
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')
}

/**
 * The width and height in a PNG's header.
 * @param {Buffer} png
 * @returns {{width: number, height: number} | undefined} undefined when it is no PNG
 */
export function readPngSize(png) {
  if (png.length < 24 || png.toString('latin1', 1, 4) !== 'PNG') return undefined
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) }
}

/**
 * @param {DebInput} input
 * @returns {Promise<string>} the .deb
 */
export async function makeDeb(input) {
  const root = path.join(input.outputFolder, 'deb')
  await rm(root, { recursive: true, force: true })
  const library = path.join(root, 'usr', 'lib', 'parley')
  await mkdir(path.dirname(library), { recursive: true })
  await cp(input.appFolder, library, { recursive: true })
  await mkdir(path.join(root, 'usr', 'bin'))
  await place(root, 'usr/bin/parley', command)
  await place(root, 'usr/share/applications/parley.desktop', desktopEntry)
  await place(root, 'usr/share/doc/parley/copyright', await readFile(input.licenseFile))
  const iconCount = await placeIcons(input.iconFolder, root)
  if (iconCount === 0) throw new Refusal(`There is no square PNG in ${input.iconFolder} for the menu entry.`)
  // The maker's umask must not decide who can start the installed app. chrome-sandbox is root's and setuid: Chromium
  // falls back to it where user namespaces are off, and refuses to start if it is there without.
  const modes = await run('chmod', ['-R', 'u=rwX,go=rX', root], { isCaptured: true })
  const program = await run('chmod', ['755', path.join(root, 'usr', 'bin', 'parley')], { isCaptured: true })
  const sandbox = await run('chmod', ['4755', path.join(library, 'chrome-sandbox')], { isCaptured: true })
  const failed = [modes, program, sandbox].find(({ status }) => status !== 0)
  if (failed !== undefined) throw new Refusal(`chmod failed: ${failed.stderr}`)
  await place(root, 'DEBIAN/control', writeControl(input, Math.ceil((await sumBytes(path.join(root, 'usr'))) / 1024)))
  const file = path.join(input.outputFolder, `parley_${input.version}_${debianArch(input.arch)}.deb`)
  // zstd: 1.5 s and 104 MB, where the default xz takes three minutes for 78 MB.
  const built = await run('dpkg-deb', ['--root-owner-group', '-Zzstd', '-z3', '-b', root, file], { isCaptured: true })
  if (built.status !== 0) throw new Refusal(`dpkg-deb failed:\n${lastLines(built.stderr)}`)
  await rm(root, { recursive: true, force: true })
  return file
}

/**
 * @param {string} root
 * @param {string} name
 * @param {string | Buffer} content
 */
async function place(root, name, content) {
  const file = path.join(root, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
}

/** The largest folder of the hicolor theme; nothing looks into larger ones. */
const maxIconPx = 512

/**
 * @param {string} iconFolder
 * @param {string} root
 */
async function placeIcons(iconFolder, root) {
  /** @type {Set<number>} */
  const sizes = new Set()
  for (const name of (await readdir(iconFolder)).filter((entry) => entry.endsWith('.png')).sort()) {
    const png = await readFile(path.join(iconFolder, name))
    const size = readPngSize(png)
    if (size === undefined || size.width !== size.height || size.width > maxIconPx || sizes.has(size.width)) continue
    sizes.add(size.width)
    await place(root, `usr/share/icons/hicolor/${size.width}x${size.height}/apps/parley.png`, png)
  }
  return sizes.size
}

/** @param {string} folder */
async function sumBytes(folder) {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size
  }
  return bytes
}
