// The last step of .ci/run: `node scripts/test-summary.mjs <exit status> <vitest's JSON report>...` prints `N passed, N failed` as its last
// line. Exits with the status, or with 1 if a report has no test that passed, or one that failed.
import { existsSync, readFileSync } from 'node:fs';

const [status, ...reports] = process.argv.slice(2);
const counts = reports.map((report) => count(read(report)));
const missing = counts.filter((each) => each === undefined).length;
if (missing > 0)
  console.error(
    `\n${missing} of ${counts.length} test runs did not run (exit status ${status}). See the output above.`,
  );
const passed = sum('passed');
const failed = sum('failed') + missing;
const isGreen = failed === 0 && counts.every((each) => each.passed > 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = Number(status) || (isGreen ? 0 : 1);

function sum(key) {
  return counts.reduce((total, each) => total + (each?.[key] ?? 0), 0);
}

function read(path) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text === '' ? undefined : JSON.parse(text);
}

function count(results) {
  if (results === undefined) return undefined;
  // A test file that fails to load has no test results; count it as one failure.
  const unloadable = results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: results.numPassedTests, failed: results.numFailedTests + unloadable.length };
}
