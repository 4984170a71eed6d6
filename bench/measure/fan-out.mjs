// Files a second through the children of a batch that is COMPLETED, from the first child's start to the last one's end, and what
// that is in the parent's history. The lower bound: the same children as workflows of their own, with no parent.
import { randomUUID } from 'node:crypto';
import { completedBatch, historyOf, JOB, median, timeOf } from '../environment.mjs';

/** Open at a time: our default, and as many for the lower bound. */
const WINDOW = 40;
/** With more than 2,000 children pending a workflow gets stuck. */
const BASELINE_LIMIT = 2_000;

/** Sizes take turns as well: the server gets slower with everything that it keeps, the lower bound no less than ours. */
export async function fanOut(environment, { sizes, repeats, say }) {
  const rows = sizes.map((files) => ({ files, ours: [], baseline: [], lowerBound: [] }));
  const batches = new Map();
  for (const files of sizes) batches.set(files, await completedBatch(environment, files));
  for (let repeat = 1; repeat <= repeats; repeat++) {
    for (const { files, ours, baseline, lowerBound } of rows) {
      const batch = batches.get(files);
      ours.push(await fanOutOf(environment, 'processBatch', { batchId: batch.id }, files));
      lowerBound.push(await independent(environment, 'processJob', inputsOf(environment, batch)));
      if (files < BASELINE_LIMIT)
        baseline.push(await fanOutOf(environment, 'baselineBatch', { batchId: batch.id }, files));
      say(
        `fan-out of ${files}, repeat ${repeat}: ${shown(ours)} ours, ${shown(baseline)} baseline, ${shown(lowerBound)} lower bound`,
      );
    }
  }
  return rows.map(({ files, ours, baseline, lowerBound }) => ({
    files,
    ours: middle(ours),
    baseline: baseline.length === 0 ? null : middle(baseline),
    lowerBound: middle(lowerBound),
  }));
}

function shown(runs) {
  return runs.length === 0 ? '-' : `${runs.at(-1).filesPerSecond.toFixed(1)}/s`;
}

function middle(runs) {
  return Object.fromEntries(Object.keys(runs[0]).map((key) => [key, median(runs.map((run) => run[key]))]));
}

async function fanOutOf({ client }, type, input, size) {
  const workflowId = `${type}-${randomUUID().slice(0, 8)}`;
  const handle = await client.workflow.start(type, { workflowId, taskQueue: 'llamacloud', args: [input] });
  await handle.result();
  const { events, bytes } = await historyOf(client, workflowId, handle.firstExecutionRunId);
  const started = events.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
  const ended = events.filter((event) => event.childWorkflowExecutionCompletedEventAttributes);
  if (ended.length !== size) throw new Error(`${ended.length} of ${size} children completed`);
  const seconds = (timeOf(ended.at(-1)) - timeOf(started)) / 1_000;
  return { filesPerSecond: size / seconds, eventsPerFile: events.length / size, bytesPerFile: bytes / size };
}

/** What `processBatch` gives a child whose job has ended. */
export function inputsOf({ storeId }, { jobs }) {
  const options = {
    type: JOB.type,
    collect: 'markdown',
    poll: { initialInterval: 1_000, backoffCoefficient: 1.1, maximumInterval: 60_000 },
    timeoutMs: 86_400_000,
    collectTaskQueue: 'llamacloud',
    collectLocally: true,
    storeId,
  };
  return jobs.map((job) => ({ ...job, ...options }));
}

/** Workflows with no parent, as many at a time as a batch has children open. */
export async function independent({ client }, type, inputs) {
  const run = randomUUID().slice(0, 8);
  const queue = inputs.values();
  const started = performance.now();
  const startNext = async () => {
    for (const input of queue) {
      const workflowId = `${type}-${run}/${input.fileId}`;
      await client.workflow.execute(type, { workflowId, taskQueue: 'llamacloud', args: [input] });
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, startNext));
  return { filesPerSecond: inputs.length / ((performance.now() - started) / 1_000) };
}

/** What a child costs by what its body is. */
export async function children(environment, { repeats, count, say }) {
  const batch = await completedBatch(environment, count);
  const bodies = ['bodyOfNothing', 'bodyAsLocalActivity', 'bodyAsActivity', 'processJob'];
  const runs = Object.fromEntries(bodies.map((body) => [body, []]));
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const body of bodies)
      runs[body].push((await independent(environment, body, inputsOf(environment, batch))).filesPerSecond);
  }
  const rows = [];
  for (const body of bodies) {
    rows.push({
      body,
      filesPerSecond: median(runs[body]),
      events: await eventsOf(environment, body, inputsOf(environment, batch)[0]),
    });
  }
  say(`children: ${rows.map(({ body, filesPerSecond }) => `${body} ${filesPerSecond.toFixed(1)}/s`).join(', ')}`);
  return rows;
}

async function eventsOf({ client }, type, input) {
  const workflowId = `events-${randomUUID().slice(0, 8)}`;
  const handle = await client.workflow.start(type, { workflowId, taskQueue: 'llamacloud', args: [input] });
  await handle.result();
  return (await handle.fetchHistory()).events?.length ?? 0;
}
