/**
 * What vitest's JSON reporter writes, as far as it is read here.
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests skipped
 * @property {ReadonlyArray<{status: string, assertionResults: readonly unknown[]}>} testResults one per file
 */

/** @typedef {{passed: number, failed: number, skipped: number}} TestCounts */

/** @type {Readonly<TestCounts>} */
export const noTests = { passed: 0, failed: 0, skipped: 0 }

/**
 * @param {VitestReport | undefined} report undefined when vitest died before it wrote one
 * @param {number} status vitest's exit code
 * @returns {TestCounts}
 */
export function countTests(report, status) {
  // A file that cannot even be loaded holds no failed test; it counts as one, or a broken run would look like "0 failed".
  const brokenFiles = report?.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  const failed = (report?.numFailedTests ?? 0) + (brokenFiles?.length ?? 0)
  return {
    passed: report?.numPassedTests ?? 0,
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: report?.numPendingTests ?? 0,
  }
}

/**
 * @param {TestCounts} a
 * @param {TestCounts} b
 * @returns {TestCounts}
 */
export function addCounts(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}
