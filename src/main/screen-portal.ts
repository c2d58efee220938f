import { SessionBus } from './session-bus'

/** A portal that nobody has asked yet is started by the question. */
const ANSWER_LIMIT_MS = 3000

/**
 * Whether a desktop portal hands pictures of the screen out, which is the only way on Wayland: the part of it that does
 * tells its version then (XDG Desktop Portal, `org.freedesktop.portal.ScreenCast`).
 */
export async function hasScreenPortal(env: NodeJS.ProcessEnv): Promise<boolean> {
  let bus: SessionBus
  try {
    bus = await SessionBus.open(env)
  } catch {
    return false
  }
  try {
    const [version] = await bus.call(
      {
        destination: 'org.freedesktop.portal.Desktop',
        path: '/org/freedesktop/portal/desktop',
        interface: 'org.freedesktop.DBus.Properties',
        member: 'Get',
        signature: 'ss',
        args: ['org.freedesktop.portal.ScreenCast', 'version'],
      },
      ANSWER_LIMIT_MS,
    )
    return typeof version === 'number' && version > 0
  } catch {
    return false
  } finally {
    bus.leave()
  }
}
