// `npm run soak -- --files 200 --kills 10 --fault-rate 0.3 --seed 7`: runs one batch on a real Temporal server against the emulator with
// random faults, while the workers are killed several times, and the server at least once. Exits with 0 only if one batch was created,
// every file has exactly one correct document, and the other counts of verdict.mjs are right.
import { readOptions } from './options.mjs';
import { runSoak } from './run-soak.mjs';

const { forMs, seed: firstSeed, ...options } = readOptions();
const startedMs = Date.now();
const log = (text) => console.log(`${((Date.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${text}`);

let close = async () => undefined;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => close().then(() => process.exit(1)));
const onOpen = (closeSoak) => {
  close = closeSoak;
};

const successes = {};
let passed = true;
let seed = firstSeed;
do {
  const result = await runSoak({ ...options, seed }, { log, onOpen });
  for (const [name, count] of Object.entries(result.successes)) successes[name] = (successes[name] ?? 0) + count;
  passed = result.passed;
  console.log(passed ? '\nPassed: nothing lost, nothing duplicated.' : `\nFailed: seed ${seed}.`);
  seed += 1;
} while (passed && Date.now() - startedMs < forMs);
const seeds = seed - firstSeed;
if (seeds > 1) console.log(`\n${seeds} seeds. Succeeded while faults were active: ${JSON.stringify(successes)}`);
process.exitCode = passed ? 0 : 1;
