// `npm run simulate -- --seeds 1000`: runs seeded scenarios of faults, rival runs, cancels, resets and dying workers, many side by side,
// against the real workflows and activities on a real Temporal server. Judges what each leaves behind, and replays its histories. Exits
// with 0 only if every seed held, and every operation succeeded while faults were active.
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { seededRandom } from '../seeded-random.mjs';
import { check } from './check/check.mjs';
import { readEnd } from './check/run.mjs';
import { readOptions } from './options.mjs';
import { planScenario } from './plan.mjs';
import { Replayer } from './replay.mjs';
import { runScenario } from './scenario.mjs';
import { API_KEY, SIGNATURE } from './secrets.mjs';
import { countSuccesses, mergeCounts, OPERATIONS } from './successes.mjs';
import { startWorld } from './world.mjs';

const PROGRESS_MS = 30_000;

/** From so many seeds on, every operation must have succeeded while faults were active. */
const SEEDS_FOR_EVERY_OPERATION = 200;

const options = readOptions();
if (options.printsPlans) {
  for (let n = 0; n < options.seeds; n += 1) console.log(JSON.stringify(toPlan(options.firstSeed + n), null, 2));
} else {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
  process.exitCode = (await simulate()) ? 0 : 1;
}

async function simulate() {
  const startedMs = Date.now();
  const seconds = () => ((Date.now() - startedMs) / 1_000).toFixed(0).padStart(5);
  const world = await startWorld(options);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => world.close().then(() => process.exit(1)));
  const replayer = new Replayer();
  const totals = { held: 0, failed: [], successes: {}, shapes: {}, events: {}, ends: {} };
  let next = options.firstSeed;
  const lane = async () => {
    while (next < options.firstSeed + options.seeds && Date.now() - startedMs < options.maxMs) {
      const plan = toPlan(next);
      next += 1;
      const { problems, evidence } = await judge(plan, world);
      if (evidence !== undefined) {
        count(totals, evidence);
        replayAll(evidence, replayer, options.replaysEveryCut ? everyCut : oneCutBy(plan.seed));
      }
      if (problems.length === 0) totals.held += 1;
      else {
        totals.failed.push({ plan, problems, occurred: evidence?.occurred ?? [] });
        console.log(
          `${seconds()} s  seed ${plan.seed} (${plan.shape}) FAILED:\n${problems.map((p) => `         ${p}`).join('\n')}`,
        );
      }
    }
  };
  const progress = setInterval(() => {
    console.log(
      `${seconds()} s  ${totals.held} held, ${totals.failed.length} failed, ${replayer.replayed} histories replayed`,
    );
  }, PROGRESS_MS);
  try {
    const lanes = Math.min(options.concurrency, options.seeds);
    await Promise.all(
      Array.from({ length: lanes }, async (_, index) => {
        // Not all at the same moment.
        await sleep(index * 100);
        await lane();
      }),
    );
    await replayer.close();
    clearInterval(progress);
    for (const { plan } of totals.failed) await explain(plan, world);
    return report(totals, replayer, world, seconds());
  } finally {
    clearInterval(progress);
    await world.close();
  }
}

/** Of the many short children, whose histories differ little, one is replayed. */
function replayAll({ workflows }, replayer, choose) {
  for (const workflow of workflows) if (workflow.type !== 'processJob') replayer.push(workflow, choose);
  const child = workflows.find(({ type }) => type === 'processJob');
  if (child !== undefined) replayer.push(child, choose);
}

const everyCut = (cuts) => cuts;

/** One of the cuts: the replay of a whole history passes all of them, and only what follows the last event differs. */
function oneCutBy(seed) {
  const random = seededRandom(seed);
  return (cuts) => cuts.slice(Math.floor(random() * cuts.length)).slice(0, 1);
}

function toPlan(seed, ids = {}) {
  return planScenario(seed, { maxFiles: options.maxFiles, ...ids });
}

async function judge(plan, world) {
  try {
    const evidence = await runScenario(plan, world);
    return { evidence, problems: check(evidence) };
  } catch (error) {
    return { problems: [`the simulation itself failed: ${error.stack}`] };
  }
}

/** Prints the plan of a seed that failed, and the fewest of its first events with which it fails again when it runs alone. */
async function explain(plan, world) {
  console.log(`\nseed ${plan.seed}: npm run simulate -- --seed ${plan.seed} --files ${options.maxFiles}`);
  console.log(JSON.stringify(plan, null, 2));
  for (let length = 0; length <= plan.events.length; length += 1) {
    const events = plan.events.slice(0, length);
    const again = toPlan(plan.seed, { id: `${plan.seed}with${length}` });
    const { problems } = await judge({ ...again, events }, world);
    if (problems.length > 0) {
      console.log(
        `seed ${plan.seed} fails alone with the first ${length} of ${plan.events.length} events: ${problems[0]}`,
      );
      return;
    }
  }
  console.log(`seed ${plan.seed} held when it ran again alone: it needs other scenarios beside it, or luck`);
}

function count(totals, evidence) {
  const { plan, workflows, occurred } = evidence;
  mergeCounts(totals.successes, countSuccesses(evidence));
  mergeCounts(totals.shapes, { [plan.shape]: 1 });
  for (const { kind } of occurred) mergeCounts(totals.events, { [kind]: 1 });
  for (const workflow of workflows) {
    const { type: failureType = '' } = readEnd(workflow);
    const end = `${workflow.status} ${failureType}`.trim();
    if (workflow.type === 'processBatch') mergeCounts(totals.ends, { [end]: 1 });
  }
}

function report(totals, replayer, world, seconds) {
  const log = world.processOutput.join('');
  const problems = [
    ...replayer.failures.map((failure) => `a replay failed: ${failure}`),
    ...(log.includes(API_KEY) ? ['the log of the workers has the API key'] : []),
    ...(log.includes(SIGNATURE) ? ['the log of the workers has a presigned URL'] : []),
  ];
  const seeds = totals.held + totals.failed.length;
  const operations = seeds < SEEDS_FOR_EVERY_OPERATION ? [] : Object.keys(OPERATIONS);
  const silent = operations.filter((name) => !(totals.successes[name] > 0));
  console.log(`\n${seeds} seeds in ${seconds.trim()} s: ${totals.held} held, ${totals.failed.length} failed`);
  console.log(`scenarios: ${JSON.stringify(totals.shapes)}`);
  console.log(`events: ${JSON.stringify(totals.events)}`);
  console.log(`runs by their end: ${JSON.stringify(totals.ends)}`);
  console.log(`requests that succeeded in scenarios with faults: ${JSON.stringify(totals.successes)}`);
  console.log(`histories replayed, cuts included: ${replayer.replayed}`);
  if (silent.length > 0) console.log(`never succeeded while faults were active: ${silent.join(', ')}`);
  for (const problem of problems) console.log(problem);
  const passed = totals.failed.length === 0 && problems.length === 0 && silent.length === 0;
  console.log(passed ? '\nPassed.' : `\nFailed: ${totals.failed.map(({ plan }) => plan.seed).join(', ')}`);
  return passed;
}
