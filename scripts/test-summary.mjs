// The last step of .ci/run: `node scripts/test-summary.mjs <vitest's JSON report> <exit status of the run>` prints
// `N passed, N failed` as its last line. Exits with the status of the run, or with 1 if no test passed or one failed.
import { readFileSync } from 'node:fs';

const [report, runStatus] = process.argv.slice(2);
const counts = count(read(report));
if (counts === undefined) {
  console.error(`\nNo tests ran (exit status ${runStatus}). See the output above.`);
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
  // A test file that fails to load has no test results; count it as one failure.
  const unloadable = results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: results.numPassedTests, failed: results.numFailedTests + unloadable.length };
}
