// Throughput of the fan-out: files per second from the start of the first child to the end of the last one, in a batch that is
// COMPLETED, the CPU time that they take, and the history of the parent. The lower bound: the same child workflows, started without a parent.
import { randomUUID } from 'node:crypto';
import { createCompletedBatch, eventTimeMs, fetchHistory, JOB, median } from '../environment.mjs';

/** Children open at a time: the default of processBatch. The lower bound has as many. */
const MAX_CONCURRENT = 40;
/** Temporal fails the workflow task of a parent with more than 2,000 pending children. */
const MAX_BASELINE_FILES = 2_000;

/** Alternates between the sizes and the implementations: the server gets slower with each workflow that it stores. */
export async function measureFanOut(environment, { sizes, repeats, log }) {
  const rows = sizes.map((files) => ({ files, ours: [], baseline: [], lowerBound: [] }));
  const batches = new Map();
  for (const files of sizes) batches.set(files, await createCompletedBatch(environment, files));
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const { files, ours, baseline, lowerBound } of rows) {
      const batch = batches.get(files);
      ours.push(await runFanOut(environment, 'processBatch', { batchId: batch.id }, files));
      lowerBound.push(await runWithoutParent(environment, 'processJob', toJobInputs(environment, batch)));
      if (files < MAX_BASELINE_FILES)
        baseline.push(await runFanOut(environment, 'baselineBatch', { batchId: batch.id }, files));
      log(
        `fan-out of ${files}, repeat ${repeat}: ${formatLatest(ours)} ours, ${formatLatest(baseline)} baseline, ${formatLatest(lowerBound)} lower bound`,
      );
    }
  }
  return rows.map(({ files, ours, baseline, lowerBound }) => ({
    files,
    ours: medianOfEachField(ours),
    baseline: baseline.length === 0 ? null : medianOfEachField(baseline),
    lowerBound: medianOfEachField(lowerBound),
  }));
}

function formatLatest(runs) {
  if (runs.length === 0) return '-';
  const { filesPerSecond, workerCpuMsPerFile, serverCpuMsPerFile } = runs.at(-1);
  return `${filesPerSecond.toFixed(1)}/s (${workerCpuMsPerFile.toFixed(1)} + ${serverCpuMsPerFile.toFixed(1)} ms of CPU)`;
}

function medianOfEachField(runs) {
  return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))]));
}

async function runFanOut({ client, measureCpu }, type, input, size) {
  const workflowId = `${type}-${randomUUID().slice(0, 8)}`;
  const { result: handle, ...cpu } = await measureCpu(async () => {
    const started = await client.workflow.start(type, { workflowId, taskQueue: 'llamacloud', args: [input] });
    await started.result();
    return started;
  });
  const { events, bytes } = await fetchHistory(client, workflowId, handle.firstExecutionRunId);
  const firstStarted = events.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
  const completed = events.filter((event) => event.childWorkflowExecutionCompletedEventAttributes);
  if (completed.length !== size) throw new Error(`${completed.length} of ${size} children completed`);
  const seconds = (eventTimeMs(completed.at(-1)) - eventTimeMs(firstStarted)) / 1_000;
  return {
    filesPerSecond: size / seconds,
    ...perFile(cpu, size),
    eventsPerFile: events.length / size,
    bytesPerFile: bytes / size,
  };
}

function perFile({ workerCpuMs, serverCpuMs }, files) {
  return { workerCpuMsPerFile: workerCpuMs / files, serverCpuMsPerFile: serverCpuMs / files };
}

/** The inputs that `processBatch` passes to the children of jobs that have ended. */
function toJobInputs({ storeId }, { jobs }) {
  const options = {
    type: JOB.type,
    collect: 'markdown',
    poll: { initialInterval: 1_000, latencyRatio: 0.1, maximumInterval: 60_000 },
    timeoutMs: 86_400_000,
    collectTaskQueue: 'llamacloud',
    collectLocally: true,
    storeId,
  };
  return jobs.map((job) => ({ ...job, ...options }));
}

/** Runs the workflows without a parent, `MAX_CONCURRENT` at a time. */
async function runWithoutParent({ client, measureCpu }, type, inputs) {
  const run = randomUUID().slice(0, 8);
  const queue = inputs.values();
  const startedMs = performance.now();
  const startNext = async () => {
    for (const input of queue) {
      const workflowId = `${type}-${run}/${input.fileId}`;
      await client.workflow.execute(type, { workflowId, taskQueue: 'llamacloud', args: [input] });
    }
  };
  const { result: seconds, ...cpu } = await measureCpu(async () => {
    await Promise.all(Array.from({ length: MAX_CONCURRENT }, startNext));
    return (performance.now() - startedMs) / 1_000;
  });
  return { filesPerSecond: inputs.length / seconds, ...perFile(cpu, inputs.length) };
}

/** Throughput of child workflows by what they do. */
export async function measureChildren(environment, { repeats, count, log }) {
  const batch = await createCompletedBatch(environment, count);
  const bodies = ['emptyChild', 'collectByLocalActivity', 'collectByActivity', 'processJob'];
  const runs = Object.fromEntries(bodies.map((body) => [body, []]));
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const body of bodies)
      runs[body].push((await runWithoutParent(environment, body, toJobInputs(environment, batch))).filesPerSecond);
  }
  const rows = [];
  for (const body of bodies) {
    rows.push({
      body,
      filesPerSecond: median(runs[body]),
      events: await countEvents(environment, body, toJobInputs(environment, batch)[0]),
    });
  }
  log(`children: ${rows.map(({ body, filesPerSecond }) => `${body} ${filesPerSecond.toFixed(1)}/s`).join(', ')}`);
  return rows;
}

async function countEvents({ client }, type, input) {
  const workflowId = `events-${randomUUID().slice(0, 8)}`;
  const handle = await client.workflow.start(type, { workflowId, taskQueue: 'llamacloud', args: [input] });
  await handle.result();
  return (await handle.fetchHistory()).events?.length ?? 0;
}
