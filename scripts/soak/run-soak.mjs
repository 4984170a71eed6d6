// One soak: a batch on a real Temporal server, against the emulator with random faults, while workers and the server are killed.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADVERSE_CONDITIONS, startLlamaCloudEmulator, TARGETS } from '../../dist/testing/index.js';
import { startWorkers } from '../processes.mjs';
import { readHistories, startBatch, waitForResult } from './client.mjs';
import { makeFiles, planKills } from './plan.mjs';
import { openServer } from './server.mjs';
import { countSuccesses, expectedCounts, listFiles, readCounts } from './verdict.mjs';

const API_KEY = 'llx-soak-planted-4e1d7c';
/** Part of every presigned URL. Documents above `INLINE_LIMIT_BYTES` are downloaded by one. */
const SIGNATURE = 'signature=';
const INLINE_LIMIT_BYTES = 600;
/** A worker that starts removes temporary files that are older than an hour. */
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

/**
 * Runs a batch, and compares what there is afterwards with what there should be.
 *
 * @param onOpen Gets a function that ends every process and removes the folder, for a soak that is interrupted.
 * @returns Whether it passed, and the successful requests of each operation.
 */
export async function runSoak(options, { log, onOpen }) {
  const folder = await mkdtemp(join(tmpdir(), 'soak-'));
  const context = { options, log, folder, output: join(folder, 'out'), processOutput: [] };
  const close = async () => {
    await context.workers?.stop();
    await context.server?.close();
    await context.emulator?.close();
    await rm(folder, { recursive: true, force: true });
  };
  onOpen(close);
  try {
    await open(context);
    return await soak(context);
  } finally {
    await close();
  }
}

async function open(context) {
  const { options, folder, output, processOutput, log } = context;
  context.emulator = await startLlamaCloudEmulator({
    ...ADVERSE_CONDITIONS,
    faultRate: options.faultRate,
    downloadFaultRate: options.faultRate,
    seed: options.seed,
    apiKey: API_KEY,
    batchRunningMs: 3_000,
    jobSpreadMs: 5_000,
    inlineLimitBytes: INLINE_LIMIT_BYTES,
  });
  context.server = await openServer(options, { folder, processOutput, log });
  const cwd = join(folder, 'cwd');
  await mkdir(cwd);
  context.taskQueue = `soak-${options.seed}-${process.pid}`;
  context.workers = startWorkers({
    count: options.workers,
    processOutput,
    cwd,
    env: {
      LLAMA_CLOUD_API_KEY: API_KEY,
      LLAMA_CLOUD_BASE_URL: context.emulator.url,
      LLAMACLOUD_OUTPUT: output,
      TEMPORAL_ADDRESS: context.server.address,
      LLAMACLOUD_TASK_QUEUE: context.taskQueue,
    },
  });
}

async function soak(context) {
  const { options, log, folder, output, processOutput, emulator, server, workers, taskQueue } = context;
  const documents = makeFiles(options);
  // Delays the response, so that the workers can be killed before it arrives. The request takes effect.
  emulator.faults.next({ kind: 'delay', delayMs: 1_500, ...CREATE });
  const directory = await emulator.addDirectory(documents, { id: `dir-soak-${options.seed}` });
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' };
  const pageSize = Math.ceil(options.files / 3);
  const { workflowId } = await startBatch(server.address, taskQueue, { directoryId: directory.id, job, pageSize });

  const result = waitForResult(server.address, workflowId);
  const plan = planKills({ ...options, serverKills: server.kills });
  log(
    `started ${workflowId} over ${options.files} files. Kills: ${options.kills} of workers, ${server.kills.length} of the server. ` +
      `Fault rate: ${options.faultRate}`,
  );
  let killed = 0;
  for (const kill of plan) {
    const isDue = await Promise.race([waitUntil(() => kill.isDue(readProgress(emulator))), result.then(() => false)]);
    if (!isDue) {
      log(`the run ended before this kill was due: ${kill.when}`);
      break;
    }
    killed += 1;
    log(`killing ${kill.name}: ${kill.when}`);
    if (kill.restart === undefined) for (const index of kill.workers) await workers.restart(index);
    else await kill.restart();
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
    expectedPaths: [output, ...server.files],
    output,
    report,
    secrets: [API_KEY, SIGNATURE],
    texts: [...processOutput, await readHistories(server.address, taskQueue)],
  });
  counts['temporary files left'] = await countTemporaryFilesAfterRestart(context);
  const expected = expectedCounts(options.files);
  // Without all kills, or without successes under faults, the soak shows nothing.
  let passed = killed === plan.length && Object.values(successes).every((count) => count > 0);
  for (const [name, count] of Object.entries(counts)) {
    const isWrong = expected[name] !== count;
    passed &&= !isWrong;
    console.log(`${name.padEnd(22)}${String(count).padStart(6)}${isWrong ? `   should be ${expected[name]}` : ''}`);
  }
  return { passed, successes };
}

/**
 * Counts the temporary files of killed workers after another worker has started, which removes old ones. One file is added, since the
 * kills may not have hit a write, and all are made to look old.
 */
async function countTemporaryFilesAfterRestart({ workers, output, log }) {
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

/** Whether the batch is being created, and how many jobs were requested so far. */
function readProgress(emulator) {
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
