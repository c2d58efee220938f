import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually'
import { launchApp, processesOf, type RunningApp } from './app'

// A harness that sees nothing makes every test green.
describe('what the harness sees', () => {
  let app: RunningApp
  beforeAll(async () => {
    app = await launchApp()
  })
  afterAll(() => app.close())

  /** A cause can be told of twice, as an error of the page and on its console: waits for each, in whatever order they come. */
  const expectProblems = async (cause: () => Promise<unknown>, ...wanted: readonly RegExp[]): Promise<void> => {
    await cause()
    const found: string[] = []
    await eventually(
      async () => {
        found.push(...(await app.takeProblems()))
        return found
      },
      () => wanted.every((each) => found.some((problem) => each.test(problem))),
      wanted.join(' and '),
    )
  }

  it('an error in a page, a rejected promise, an error on its console', async () => {
    const { window } = app
    await expectProblems(() => window.evaluate(() => void setTimeout(() => void JSON.parse('{'))), /page error/)
    await expectProblems(
      () => window.evaluate(() => void Promise.reject(new Error('nobody waits'))),
      /page error: .*nobody waits/,
    )
    await expectProblems(() => window.evaluate(() => console.error('said so')), /console of .*said so/)
  })

  it('S04: a refusal of the content security policy, and of Trusted Types', async () => {
    const { window } = app
    const addScript = () =>
      window.evaluate(() => {
        const script = document.createElement('style')
        script.textContent = 'body { color: red }'
        document.head.append(script)
      })
    await expectProblems(addScript, /console of .*Content Security Policy/)
    const setMarkup = () =>
      window.evaluate(() => {
        setTimeout(() => (document.createElement('div').innerHTML = '<b>x</b>'))
      })
    await expectProblems(setMarkup, /console of .*TrustedHTML/, /page error: .*TrustedHTML/)
  })

  it('an error that main writes to its standard error', async () => {
    const write = () => app.electron.evaluate(() => process.stderr.write('TypeError: x is not a function\n'))
    await expectProblems(write, /main: TypeError/)
  })

  it('a process that works on the profile', async () => {
    expect(await processesOf(app.userDataDir)).toContain(app.pid)
  })
})
