// The end of .ci/run: `node scripts/test-summary.mjs <vitest's JSON report> <exit status of the run>` prints
// `N passed, N failed` as its last line. Its exit status is that of the whole run.
import { readFileSync } from 'node:fs';

const [report, runStatus] = process.argv.slice(2);
const counts = count(read(report));
if (counts === undefined) {
  console.error(`\nThe run ended before the tests (exit status ${runStatus}); the reason is above.`);
  process.exitCode = Number(runStatus) || 1;
} else {
  console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = Number(runStatus) || (counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}

function read(path) {
  const text = readFileSync(path, 'utf8');
  return text === '' ? undefined : JSON.parse(text);
}

function count(results) {
  if (results === undefined) return undefined;
  // A file that can't be loaded has no tests to fail, but what it would have tested did fail.
  const unloadable = results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: results.numPassedTests, failed: results.numFailedTests + unloadable.length };
}
