/**
 * The screens that `npm run test:e2e` has opened, one for each file that may run at the same time; none where the tests use
 * the screen they find (another system, or vitest called by hand).
 */
export function displaysFor({ PARLEY_DISPLAYS }: NodeJS.ProcessEnv): string[] {
  return PARLEY_DISPLAYS === undefined ? [] : PARLEY_DISPLAYS.split(' ')
}
