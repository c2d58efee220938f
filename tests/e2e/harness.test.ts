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

  const problemsAfter = async (cause: () => Promise<unknown>): Promise<string> => {
    await cause()
    let found: string[] = []
    await eventually(
      async () => (found = [...found, ...(await app.takeProblems())]).length,
      (count) => count > 0,
      'a problem',
    )
    return found.join('\n')
  }

  it('an error in a page, a rejected promise, an error on its console', async () => {
    const { window } = app
    expect(await problemsAfter(() => window.evaluate(() => void setTimeout(() => void JSON.parse('{'))))).toMatch(
      /page error/,
    )
    expect(await problemsAfter(() => window.evaluate(() => void Promise.reject(new Error('nobody waits'))))).toMatch(
      /nobody waits/,
    )
    expect(await problemsAfter(() => window.evaluate(() => console.error('said so')))).toMatch(/said so/)
  })

  it('S04: a refusal of the content security policy, and of Trusted Types', async () => {
    const { window } = app
    const addScript = () =>
      window.evaluate(() => {
        const script = document.createElement('style')
        script.textContent = 'body { color: red }'
        document.head.append(script)
      })
    expect(await problemsAfter(addScript)).toMatch(/Content Security Policy/)
    const setMarkup = () =>
      window.evaluate(() => {
        setTimeout(() => (document.createElement('div').innerHTML = '<b>x</b>'))
      })
    expect(await problemsAfter(setMarkup)).toMatch(/TrustedHTML/)
  })

  it('an error that main writes to its standard error', async () => {
    const write = () => app.electron.evaluate(() => process.stderr.write('TypeError: x is not a function\n'))
    expect(await problemsAfter(write)).toMatch(/main: TypeError/)
  })

  it('a process that works on the profile', async () => {
    expect(await processesOf(app.userDataDir)).toContain(app.pid)
  })
})
