// `npm run record-history [-- SCENARIO...]`: runs every scenario, or those that are named, and keeps their histories under
// test/histories for the replay test. Those of this version are recorded anew: do so before it is released, and never after.
// Those of earlier versions are left alone, since they stand for runs that may still be under way somewhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { SEARCH_ATTRIBUTE_KEYS } from '../dist/client/search-attributes.js';
import { BatchClient, batchWorkflowId } from '../dist/index.js';
import { createBatchWorkflowId } from '../dist/protocol/index.js';
import { startLlamaCloudEmulator, startLocalTemporal, TARGETS } from '../dist/testing/index.js';
import { startWorker } from '../dist/worker.js';

const markdown = (count) => Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: `# ${i}\n` }));
const broken = { name: 'broken.pdf', content: '' };
const parse = (directoryId) => ({ directoryId, job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } });

/** Each starts a run, brings it to its end, and says whose history is kept. */
const SCENARIOS = {
  'batch-with-a-failed-file': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory([...markdown(2), broken]);
    const run = await batches.start(parse(id));
    await run.result();
    return run;
  },
  'batch-over-several-pages': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(5));
    const run = await batches.start({ ...parse(id), pageSize: 2 });
    await run.result();
    return { workflowId: run.workflowId };
  },
  // Of the chain above, the run that ends by continuing as new.
  'batch-first-page': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(3));
    const run = await batches.start({ ...parse(id), pageSize: 2 });
    await run.result();
    return run;
  },
  'batch-cancelled-while-waiting': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(1));
    const run = await batches.start(parse(id));
    await until(async () => (await run.progress()).batchStatus === 'RUNNING');
    await run.cancel();
    await run.result().catch(() => undefined);
    return run;
  },
  'batch-with-too-many-failures': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory([broken, { ...broken, name: 'too.pdf' }, ...markdown(2)]);
    const run = await batches.start({ ...parse(id), maxConcurrentJobs: 1, maxFailedFiles: 1 });
    await run.result().catch(() => undefined);
    return run;
  },
  'directories-with-a-failed-one': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(1));
    const { id: other } = await emulator.addDirectory([broken]);
    const { job } = parse(id);
    const run = await batches.startDirectories({ directoryIds: [id, 'dir-none', other], job, maxConcurrentBatches: 2 });
    await run.result();
    return run;
  },
  'directories-cancelled': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(1));
    const { id: other } = await emulator.addDirectory(markdown(1));
    const { job } = parse(id);
    const run = await batches.startDirectories({ directoryIds: [id, other], job, maxConcurrentBatches: 1 });
    const child = batches.attach(batchWorkflowId(parse(id)));
    await until(async () => (await child.progress().catch(() => null))?.batchStatus === 'RUNNING');
    await run.cancel();
    await run.result().catch(() => undefined);
    return run;
  },
  'batch-adopted': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(2));
    const first = await batches.start(parse(id));
    const { batchId } = await first.result();
    const run = await batches.start({ batchId });
    await run.result();
    return run;
  },
  'create-whose-answer-was-lost': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(1));
    emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    await (await batches.start(parse(id))).result();
    return { workflowId: createBatchWorkflowId(parse(id)) };
  },
  // Jobs that end one after the other, seen by several polls, one of them woken.
  'batch-woken-while-its-jobs-run': async ({ batches, emulator, client }) => {
    const run = await waitingForJobs({ batches, emulator }, 3);
    const [first, ...rest] = jobsOf(emulator, run);
    emulator.jobs.setStatus(first, 'COMPLETED');
    await until(async () => (await run.progress()).files.completed === 1);
    for (const job of rest) emulator.jobs.setStatus(job, 'COMPLETED');
    await client.workflow.getHandle(run.workflowId).signal('wake');
    await run.result();
    return run;
  },
  'batch-cancelled-while-its-jobs-run': async ({ batches, emulator }) => {
    const run = await waitingForJobs({ batches, emulator }, 3);
    emulator.jobs.setStatus(jobsOf(emulator, run)[0], 'COMPLETED');
    await until(async () => (await run.progress()).files.completed === 1);
    await run.cancel();
    await run.result().catch(() => undefined);
    return run;
  },
  'job-that-was-ready': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(markdown(1));
    const run = await batches.start(parse(id));
    await run.result();
    const [{ fileId }] = emulator.batches.list().find(({ directoryId }) => directoryId === id).files;
    return { workflowId: `${run.workflowId}/${fileId}` };
  },
  'job-that-failed': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory([broken]);
    const run = await batches.start(parse(id));
    const { failures } = await run.result();
    return { workflowId: `${run.workflowId}/${failures[0].fileId}` };
  },
};

/** Stack traces and the name of this machine are of no use to a replay. */
function withoutMachine(key, value) {
  return key === 'stackTrace' || key === 'identity' ? '' : value;
}

/** A run whose batch is COMPLETED, and whose jobs run. */
async function waitingForJobs({ batches, emulator }, count) {
  const { id } = await emulator.addDirectory(markdown(count));
  const run = await batches.start(parse(id));
  await until(() => emulator.batches.list().some(({ directoryId }) => directoryId === id));
  const batch = emulator.batches.list().find(({ directoryId }) => directoryId === id);
  emulator.batches.finish(batch.id);
  for (const { jobId } of emulator.batches.list().find((each) => each.id === batch.id).files)
    emulator.jobs.setStatus(jobId, 'RUNNING');
  await until(async () => (await run.progress()).phase === 'processing');
  return { ...run, batchId: batch.id };
}

function jobsOf(emulator, { batchId }) {
  return emulator.batches
    .list()
    .find(({ id }) => id === batchId)
    .files.map(({ jobId }) => jobId);
}

async function until(condition) {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it does not come');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SCENARIOS);
if (names.some((name) => SCENARIOS[name] === undefined)) {
  console.error(`Which? ${Object.keys(SCENARIOS).join(', ')}`);
  process.exit(2);
}

const output = await mkdtemp(join(tmpdir(), 'record-history-'));
const temporal = await startLocalTemporal({ searchAttributes: SEARCH_ATTRIBUTE_KEYS });
const emulator = await startLlamaCloudEmulator({ batchRunningMs: 3_000 });
const worker = await startWorker({
  llamacloud: { apiKey: emulator.apiKey, baseUrl: emulator.url },
  output,
  temporal: { connection: { address: temporal.address }, namespace: 'default', taskQueue: 'llamacloud' },
});
try {
  for (const name of names) {
    const file = new URL(`../test/histories/${name}.${version}.json`, import.meta.url);
    const { workflowId, runId } = await SCENARIOS[name]({
      client: temporal.client,
      batches: new BatchClient({ client: temporal.client }),
      emulator,
    });
    const history = await temporal.client.workflow.getHandle(workflowId, runId).fetchHistory();
    writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history), withoutMachine), null, 1)}\n`);
    console.log(`recorded ${name}.${version}.json: ${history.events.length} events`);
  }
} finally {
  await worker.stop();
  await emulator.close();
  await temporal.close();
  await rm(output, { recursive: true });
}
