/** electron-builder's hook between copying Electron and setting its fuses. */
import { rm } from 'node:fs/promises'
import path from 'node:path'

/**
 * Takes out what belongs to Electron as a tool: the app that runs any folder given to it, and the mark of our cache.
 * @param {{appOutDir: string, electronPlatformName: string}} context
 */
export async function afterPack({ appOutDir, electronPlatformName }) {
  if (electronPlatformName === 'darwin') return
  await rm(path.join(appOutDir, 'resources', 'default_app.asar'), { force: true })
  await rm(path.join(appOutDir, '.complete'), { force: true })
}

export default afterPack
