// `npm run record-history [-- SCENARIO...]`: runs all scenarios, or the named ones, and writes their histories to test/histories for the
// replay test. Overwrites the histories of the current version, so run it only before that version is released. Histories of released
// versions are never changed: they represent runs that may still be open.
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

const makeMarkdownFiles = (count) =>
  Array.from({ length: count }, (_, i) => ({ name: `${i}.md`, content: `# ${i}\n` }));
const brokenFile = { name: 'broken.pdf', content: '' };
const parseInput = (directoryId) => ({ directoryId, job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } });

/** Each scenario runs a workflow to its end and returns the workflow whose history is written. */
const SCENARIOS = {
  'batch-with-a-failed-file': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory([...makeMarkdownFiles(2), brokenFile]);
    const run = await batches.start(parseInput(id));
    await run.result();
    return run;
  },
  'batch-over-several-pages': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(5));
    const run = await batches.start({ ...parseInput(id), pageSize: 2 });
    await run.result();
    return { workflowId: run.workflowId };
  },
  // The first run of such a batch, which ends with continue-as-new.
  'batch-first-page': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(3));
    const run = await batches.start({ ...parseInput(id), pageSize: 2 });
    await run.result();
    return run;
  },
  'batch-cancelled-while-waiting': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(1));
    const run = await batches.start(parseInput(id));
    await waitUntil(async () => (await run.progress()).batchStatus === 'RUNNING');
    await run.cancel();
    await run.result().catch(() => undefined);
    return run;
  },
  'batch-with-too-many-failures': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory([
      brokenFile,
      { ...brokenFile, name: 'too.pdf' },
      ...makeMarkdownFiles(2),
    ]);
    const run = await batches.start({ ...parseInput(id), maxConcurrentJobs: 1, maxFailedFiles: 1 });
    await run.result().catch(() => undefined);
    return run;
  },
  'directories-with-a-failed-one': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(1));
    const { id: other } = await emulator.addDirectory([brokenFile]);
    const { job } = parseInput(id);
    const run = await batches.startDirectories({ directoryIds: [id, 'dir-none', other], job, maxConcurrentBatches: 2 });
    await run.result();
    return run;
  },
  'directories-cancelled': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(1));
    const { id: other } = await emulator.addDirectory(makeMarkdownFiles(1));
    const { job } = parseInput(id);
    const run = await batches.startDirectories({ directoryIds: [id, other], job, maxConcurrentBatches: 1 });
    const child = batches.attach(batchWorkflowId(parseInput(id)));
    await waitUntil(async () => (await child.progress().catch(() => null))?.batchStatus === 'RUNNING');
    await run.cancel();
    await run.result().catch(() => undefined);
    return run;
  },
  'batch-adopted': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(2));
    const first = await batches.start(parseInput(id));
    const { batchId } = await first.result();
    const run = await batches.start({ batchId });
    await run.result();
    return run;
  },
  'create-whose-response-was-lost': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(1));
    emulator.faults.next({ kind: 'reset-after', ...TARGETS.createBatch });
    await (await batches.start(parseInput(id))).result();
    return { workflowId: createBatchWorkflowId(parseInput(id)) };
  },
  // Jobs end one after the other, so that several polls find some; one poll is caused by `wake`.
  'batch-woken-while-its-jobs-run': async ({ batches, emulator, client }) => {
    const run = await startWaitingForJobs({ batches, emulator }, 3);
    const [first, ...rest] = listJobIds(emulator, run);
    emulator.jobs.setStatus(first, 'COMPLETED');
    await waitUntil(async () => (await run.progress()).files.completed === 1);
    for (const job of rest) emulator.jobs.setStatus(job, 'COMPLETED');
    await client.workflow.getHandle(run.workflowId).signal('wake');
    await run.result();
    return run;
  },
  'batch-cancelled-while-its-jobs-run': async ({ batches, emulator }) => {
    const run = await startWaitingForJobs({ batches, emulator }, 3);
    emulator.jobs.setStatus(listJobIds(emulator, run)[0], 'COMPLETED');
    await waitUntil(async () => (await run.progress()).files.completed === 1);
    await run.cancel();
    await run.result().catch(() => undefined);
    return run;
  },
  'job-that-was-ready': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory(makeMarkdownFiles(1));
    const run = await batches.start(parseInput(id));
    await run.result();
    const [{ fileId }] = emulator.batches.list().find(({ directoryId }) => directoryId === id).files;
    return { workflowId: `${run.workflowId}/${fileId}` };
  },
  'job-that-failed': async ({ batches, emulator }) => {
    const { id } = await emulator.addDirectory([brokenFile]);
    const run = await batches.start(parseInput(id));
    const { failures } = await run.result();
    return { workflowId: `${run.workflowId}/${failures[0].fileId}` };
  },
};

/** A JSON replacer that removes stack traces and the name of this machine, which a replay does not need. */
function removeMachineDetails(key, value) {
  return key === 'stackTrace' || key === 'identity' ? '' : value;
}

/** Starts a run, and waits until its batch is COMPLETED and its jobs are RUNNING. */
async function startWaitingForJobs({ batches, emulator }, count) {
  const { id } = await emulator.addDirectory(makeMarkdownFiles(count));
  const run = await batches.start(parseInput(id));
  await waitUntil(() => emulator.batches.list().some(({ directoryId }) => directoryId === id));
  const batch = emulator.batches.list().find(({ directoryId }) => directoryId === id);
  emulator.batches.finish(batch.id);
  for (const { jobId } of emulator.batches.list().find((candidate) => candidate.id === batch.id).files)
    emulator.jobs.setStatus(jobId, 'RUNNING');
  await waitUntil(async () => (await run.progress()).phase === 'processing');
  return { ...run, batchId: batch.id };
}

function listJobIds(emulator, { batchId }) {
  return emulator.batches
    .list()
    .find(({ id }) => id === batchId)
    .files.map(({ jobId }) => jobId);
}

async function waitUntil(condition) {
  const deadlineMs = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error('the condition is not met after 2 minutes');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SCENARIOS);
if (names.some((name) => SCENARIOS[name] === undefined)) {
  console.error(`Unknown scenario. Scenarios: ${Object.keys(SCENARIOS).join(', ')}`);
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
    writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history), removeMachineDetails), null, 1)}\n`);
    console.log(`recorded ${name}.${version}.json: ${history.events.length} events`);
  }
} finally {
  await worker.stop();
  await emulator.close();
  await temporal.close();
  await rm(output, { recursive: true });
}
