// `npm run soak -- --files 200 --kills 10 --fault-rate 0.3 --seed 7`: runs one batch on a real Temporal server with its database in
// a file, against the emulator with random faults, while the workers are killed several times and the server once. Exits with 0
// only if one batch was created, every file has exactly one correct document, and the other counts of verdict.mjs are right.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADVERSE_CONDITIONS, resolveTemporalCli, startLlamaCloudEmulator, TARGETS } from '../../dist/testing/index.js';
import { createTemporalServer, findFreePort, startWorkers } from '../processes.mjs';
import { readHistories, startBatch, waitForResult } from './client.mjs';
import { readOptions } from './options.mjs';
import { makeFiles, planKills } from './plan.mjs';
import { countSuccesses, expectedCounts, listFiles, readCounts } from './verdict.mjs';

const API_KEY = 'llx-soak-planted-4e1d7c';
/** Part of every presigned URL. Documents above `INLINE_LIMIT_BYTES` are downloaded by one. */
const SIGNATURE = 'signature=';
const INLINE_LIMIT_BYTES = 600;
/** Older than the temporary files that a starting worker keeps. */
const TWO_HOURS_S = 7_200;
const CREATE = TARGETS.createBatch;
/** Each of these operations must succeed at least once while faults are active. The response to the create is always lost. */
const OPERATIONS = {
  'list batches': TARGETS.listBatches,
  'get batch': TARGETS.getBatch,
  'list files': TARGETS.listFiles,
  'list jobs': TARGETS.listJobs,
  'get job': TARGETS.getJob,
  download: TARGETS.download,
};
const DESCRIPTIONS = {
  server: () => 'the Temporal server',
  workers: () => 'all workers',
  worker: ({ victim }) => `worker ${victim}`,
};
const options = readOptions();
const startedMs = Date.now();
const log = (text) => console.log(`${((Date.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${text}`);

const folder = await mkdtemp(join(tmpdir(), 'soak-'));
const output = join(folder, 'out');
const processOutput = [];
const cwd = join(folder, 'cwd');
await mkdir(cwd);
const emulator = await startLlamaCloudEmulator({
  ...ADVERSE_CONDITIONS,
  faultRate: options.faultRate,
  downloadFaultRate: options.faultRate,
  seed: options.seed,
  apiKey: API_KEY,
  batchRunningMs: 3_000,
  jobSpreadMs: 5_000,
  inlineLimitBytes: INLINE_LIMIT_BYTES,
});
const { path } = await resolveTemporalCli({ onProgress: log });
const server = createTemporalServer({
  path,
  port: await findFreePort(),
  dbFilename: join(folder, 'temporal.db'),
  processOutput,
});
let workers;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => cleanUp().then(() => process.exit(1)));
try {
  await server.start();
  workers = startWorkers({
    count: options.workers,
    processOutput,
    cwd,
    env: {
      LLAMA_CLOUD_API_KEY: API_KEY,
      LLAMA_CLOUD_BASE_URL: emulator.url,
      LLAMACLOUD_OUTPUT: output,
      TEMPORAL_ADDRESS: server.address,
    },
  });
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  await cleanUp();
}

/** Ends every process and removes the folder. */
async function cleanUp() {
  await workers?.stop();
  await server.kill();
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
}

async function soak() {
  const documents = makeFiles(options);
  // Delays the response, so that the workers can be killed before it arrives. The request takes effect.
  emulator.faults.next({ kind: 'delay', delayMs: 1_500, ...CREATE });
  const directory = await emulator.addDirectory(documents, { id: `dir-soak-${options.seed}` });
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' };
  const pageSize = Math.ceil(options.files / 3);
  const { workflowId } = await startBatch(server.address, { directoryId: directory.id, job, pageSize });
  log(
    `started ${workflowId} over ${options.files} files, ${options.kills} kills and a fault rate of ${options.faultRate} to come`,
  );

  const result = waitForResult(server.address, workflowId);
  const plan = planKills(options);
  let killed = 0;
  for (const kill of plan) {
    const isDue = await Promise.race([waitUntil(() => kill.isDue(readProgress())), result.then(() => false)]);
    if (!isDue) {
      log(`the run ended before this kill was due: ${kill.when}`);
      break;
    }
    killed += 1;
    log(`killing ${DESCRIPTIONS[kill.target](kill)}: ${kill.when}`);
    if (kill.target === 'server') await restartServer();
    else for (const index of kill.target === 'workers' ? workers.indexes : [kill.victim]) await workers.restart(index);
  }
  const report = await result;
  log(`the report of the run: ${JSON.stringify(report.files)}`);

  const successes = countSuccesses(emulator, OPERATIONS);
  const faults = countByKind(emulator.faults.hits);
  console.log(
    `\n${emulator.requests.length} requests, ${emulator.faults.hits.length} faults: ${JSON.stringify(faults)}`,
  );
  console.log(`succeeded while faults were active: ${JSON.stringify(successes)}\n`);
  // Requests from here on are those of the checks.
  emulator.faults.clear();

  const contentOf = new Map(documents.map(({ name, content }) => [name, content]));
  const contents = new Map(directory.files.map(({ id, name }) => [id, contentOf.get(name)]));
  const counts = await readCounts({
    emulator,
    directory,
    contents,
    folder,
    expectedPaths: [output, join(folder, 'temporal.db')],
    output,
    report,
    secrets: [API_KEY, SIGNATURE],
    texts: [...processOutput, await readHistories(server.address)],
  });
  counts['temporary files left'] = await countTemporaryFilesAfterRestart();
  const expected = expectedCounts(options.files);
  // Without all kills, or without successes under faults, the soak shows nothing.
  let passed = killed === plan.length && Object.values(successes).every((count) => count > 0);
  for (const [name, count] of Object.entries(counts)) {
    const isWrong = expected[name] !== count;
    passed &&= !isWrong;
    console.log(`${name.padEnd(22)}${String(count).padStart(6)}${isWrong ? `   should be ${expected[name]}` : ''}`);
  }
  console.log(passed ? '\nPassed: nothing lost, nothing duplicated.' : '\nFailed.');
  return passed;
}

/**
 * Counts the temporary files of killed workers after another worker has started, which removes old ones. One file is added, since the
 * kills may not have hit a write, and all are made to look old.
 */
async function countTemporaryFilesAfterRestart() {
  await workers.stop();
  const listTemporary = () => listFiles(join(output, '.tmp')).catch(() => []);
  await writeFile(join(output, '.tmp', 'of-a-killed-writer'), 'half a document');
  const abandoned = await listTemporary();
  log(`${abandoned.length} temporary files of killed workers`);
  const before = Date.now() / 1_000 - TWO_HOURS_S;
  for (const path of abandoned) await utimes(path, before, before);
  await workers.restart(0);
  const deadlineMs = Date.now() + 60_000;
  while ((await listTemporary()).length > 0 && Date.now() < deadlineMs) await sleep(100);
  return (await listTemporary()).length;
}

async function restartServer() {
  await server.kill();
  await sleep(1_000);
  await server.start();
}

/** Whether the batch is being created, and how many jobs were requested so far. */
function readProgress() {
  const jobs = new Set();
  for (const { path } of emulator.requests) if (path.startsWith('/api/v2/parse/')) jobs.add(path);
  const creating = emulator.faults.hits.some(({ method, path }) => method === CREATE.method && path === CREATE.path);
  return { creating, jobs: jobs.size };
}

async function waitUntil(condition) {
  while (!condition()) await sleep(10);
  return true;
}

function countByKind(hits) {
  const counts = {};
  for (const { kind } of hits) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
