// `npm run soak -- --files 200 --kills 10 --fault-rate 0.3 --seed 7`: one batch through a real Temporal server with its
// database in a file, the emulator with faults of every kind, and worker processes that are killed, as is the server once.
// Then it counts. Exits with 0 only if every file came out once and whole, of one batch, and the rest of the verdict holds.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { BatchClient } from '../../dist/index.js';
import { ADVERSE_CONDITIONS, resolveTemporalCli, startLlamaCloudEmulator, TARGETS } from '../../dist/testing/index.js';
import { makeFiles, planKills } from './plan.mjs';
import { temporalServer, workers } from './processes.mjs';
import { expected, filesBelow, successesOf, verdictOf } from './verdict.mjs';

const API_KEY = 'llx-soak-planted-4e1d7c';
/** In every presigned URL; documents above the limit have one. */
const SIGNATURE = 'signature=';
const INLINE_LIMIT_BYTES = 600;
/** Longer than any file in `.tmp` is kept that a killed worker has left. */
const TWO_HOURS_S = 7_200;
const CREATE = TARGETS.createBatch;
/** What the run does whatever happens: of each some have to succeed while faults are active. The answer to its create is always lost. */
const OPERATIONS = {
  'list batches': TARGETS.listBatches,
  'get batch': TARGETS.getBatch,
  'list files': TARGETS.listFiles,
  'list jobs': TARGETS.listJobs,
  'get job': TARGETS.getJob,
  download: TARGETS.download,
};
const NAMES = {
  server: () => 'the Temporal server',
  workers: () => 'all workers',
  worker: ({ victim }) => `worker ${victim}`,
};
const options = readOptions();
const started = Date.now();
const say = (text) => console.log(`${((Date.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${text}`);

const folder = await mkdtemp(join(tmpdir(), 'soak-'));
const output = join(folder, 'out');
const log = [];
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
const { path } = await resolveTemporalCli({ onProgress: say });
const server = temporalServer({ path, port: await freePort(), dbFilename: join(folder, 'temporal.db'), log });
let pool;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end().then(() => process.exit(1)));
try {
  await server.start();
  pool = workers({
    count: options.workers,
    log,
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
  await end();
}

/** Leaves nothing behind: no process, no folder. */
async function end() {
  await pool?.stop();
  await server.kill();
  await emulator.close();
  await rm(folder, { recursive: true, force: true });
}

async function soak() {
  const documents = makeFiles(options);
  // Long enough for the workers to be killed between the request and its answer. It takes effect all the same.
  emulator.faults.next({ kind: 'delay', delayMs: 1_500, ...CREATE });
  const directory = await emulator.addDirectory(documents, { id: `dir-soak-${options.seed}` });
  const job = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' };
  const { workflowId } = await withClient((batches) =>
    batches.start({ directoryId: directory.id, job, pageSize: Math.ceil(options.files / 3) }),
  );
  say(
    `started ${workflowId} over ${options.files} files, ${options.kills} kills and a fault rate of ${options.faultRate} to come`,
  );

  const result = settled(workflowId);
  const plan = planKills(options);
  let killed = 0;
  for (const kill of plan) {
    const due = await Promise.race([until(() => kill.isDue(seen())), result.then(() => false)]);
    if (!due) {
      say(`the run ended before its kills were done: ${kill.when}`);
      break;
    }
    killed += 1;
    say(`killing ${NAMES[kill.what](kill)}: ${kill.when}`);
    if (kill.what === 'server') await restartServer();
    else for (const victim of kill.what === 'workers' ? pool.all : [kill.victim]) await pool.kill(victim);
  }
  const report = await result;
  say(`the run says: ${JSON.stringify(report.files)}`);

  const successes = successesOf(emulator, OPERATIONS);
  const met = countBy(emulator.faults.hits);
  console.log(`\n${emulator.requests.length} requests, ${emulator.faults.hits.length} faults: ${JSON.stringify(met)}`);
  console.log(`succeeded while faults were active: ${JSON.stringify(successes)}\n`);
  // What is asked from here on is asked for the verdict.
  emulator.faults.clear();

  const contentOf = new Map(documents.map(({ name, content }) => [name, content]));
  const contents = new Map(directory.files.map(({ id, name }) => [id, contentOf.get(name)]));
  const verdict = await verdictOf({
    emulator,
    directory,
    contents,
    folder,
    kept: [output, join(folder, 'temporal.db')],
    output,
    report,
    secrets: [API_KEY, SIGNATURE],
    texts: [...log, await histories()],
  });
  verdict['temporary files left'] = await leftAfterNextStart();
  const wanted = expected(options.files);
  // A run that was not disturbed shows nothing, nor does one in which nothing succeeded.
  let holds = killed === plan.length && Object.values(successes).every((count) => count > 0);
  for (const [name, count] of Object.entries(verdict)) {
    const wrong = wanted[name] !== undefined && wanted[name] !== count;
    holds &&= !wrong;
    console.log(`${name.padEnd(22)}${String(count).padStart(6)}${wrong ? `   should be ${wanted[name]}` : ''}`);
  }
  console.log(holds ? '\nNothing lost, nothing doubled.' : '\nIt does not hold.');
  return holds;
}

/**
 * How many files of killed writers are there once the next worker has started. They are made to look old, and there is one at least: the
 * kills do not always hit a write.
 */
async function leftAfterNextStart() {
  await pool.stop();
  const temporary = () => filesBelow(join(output, '.tmp')).catch(() => []);
  await writeFile(join(output, '.tmp', 'of-a-killed-writer'), 'half a document');
  const abandoned = await temporary();
  say(`${abandoned.length} temporary files of killed writers`);
  const before = Date.now() / 1_000 - TWO_HOURS_S;
  for (const path of abandoned) await utimes(path, before, before);
  await pool.kill(0);
  const deadline = Date.now() + 30_000;
  while ((await temporary()).length > 0 && Date.now() < deadline) await sleep(100);
  return (await temporary()).length;
}

/** The result, over a server that goes and comes back. */
async function settled(workflowId) {
  for (;;) {
    try {
      return await withClient((batches) => batches.attach(workflowId).result());
    } catch (error) {
      if (error.name === 'WorkflowFailedError') throw error;
      await sleep(500);
    }
  }
}

async function withClient(use) {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await use(new BatchClient({ client: new Client({ connection }) }));
  } finally {
    await connection.close();
  }
}

async function histories() {
  const connection = await Connection.connect({ address: server.address });
  const { workflow } = new Client({ connection });
  const texts = [];
  for await (const { workflowId, runId, memo } of workflow.list()) {
    const { events } = await workflow.getHandle(workflowId, runId).fetchHistory();
    texts.push(
      JSON.stringify([memo, events], (_, value) =>
        value?.type === 'Buffer' ? Buffer.from(value.data).toString() : value,
      ),
    );
  }
  await connection.close();
  return texts.join('\n');
}

async function restartServer() {
  await server.kill();
  await sleep(1_000);
  await server.start();
}

/** What the emulator has seen so far. */
function seen() {
  const jobs = new Set();
  for (const { path } of emulator.requests) if (path.startsWith('/api/v2/parse/')) jobs.add(path);
  const creating = emulator.faults.hits.some(({ method, path }) => method === CREATE.method && path === CREATE.path);
  return { creating, jobs: jobs.size };
}

async function until(condition) {
  while (!condition()) await sleep(10);
  return true;
}

function countBy(hits) {
  const counts = {};
  for (const { kind } of hits) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: '200' },
      kills: { type: 'string', default: '10' },
      'fault-rate': { type: 'string', default: '0.3' },
      seed: { type: 'string', default: '7' },
      workers: { type: 'string', default: '2' },
    },
  });
  const numbers = {
    files: Number(values.files),
    kills: Number(values.kills),
    faultRate: Number(values['fault-rate']),
    seed: Number(values.seed),
    workers: Number(values.workers),
  };
  const whole = ['files', 'kills', 'seed', 'workers'].every(
    (name) => Number.isInteger(numbers[name]) && numbers[name] >= 0,
  );
  if (
    !whole ||
    !(numbers.faultRate >= 0 && numbers.faultRate < 1) ||
    numbers.workers < 1 ||
    numbers.files < 1 ||
    numbers.files > 1_000
  ) {
    console.error(
      'Usage: npm run soak -- [--files 1..1000] [--kills N] [--fault-rate 0..0.99] [--seed N] [--workers 1..]',
    );
    process.exit(2);
  }
  return numbers;
}
