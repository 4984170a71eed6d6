// What a wait costs, and how late its end is seen: in simulated time, on Temporal's time-skipping server.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, openOutputStore } from '../../dist/index.js';
import { startLlamaCloudEmulator, startTimeSkippingTemporal } from '../../dist/testing/index.js';
import { createBaselineActivities } from '../baseline/activities.mjs';
import { files, JOB, median, startEnvironment, timeOf } from '../environment.mjs';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** The activity that polls the batch, and what a wait is between: activities, or the child that creates the batch. */
const WAYS = {
  ours: { type: 'processBatch', poll: 'waitForBatch', after: 'createBatch', before: 'readResults' },
  baseline: { type: 'baselineBatch', poll: 'batchStatus', after: 'createBatch', before: 'batchJobs' },
};

export async function waiting({ say }) {
  const environment = await simulated();
  try {
    // The hour comes first: behind a simulated clock that is a day ahead, LlamaCloud's list shows no recent batches.
    const hour = {};
    for (const name of ['ours', 'baseline']) {
      const { lateMs, requests } = await waitFor(environment, WAYS[name], HOUR, {});
      hour[name] = { lateMs, requests };
      say(`an hour: ${name} ${JSON.stringify(hour[name])}`);
    }
    const day = {};
    for (const name of ['ours', 'baseline']) {
      // Every five seconds would be more events than a workflow may have.
      const run = await waitFor(environment, WAYS[name], DAY, { pollEvery: '1 minute' });
      day[name] = { events: run.events, createEvents: run.createEvents, requests: run.requests };
      say(`24 hours: ${name} ${JSON.stringify(day[name])}`);
    }
    return { day, hour };
  } finally {
    await environment.close();
  }
}

async function simulated() {
  const output = await mkdtemp(join(tmpdir(), 'bench-'));
  const temporal = await startTimeSkippingTemporal();
  const emulator = await startLlamaCloudEmulator({ seed: 7, batchPendingMs: 0, batchRunningMs: DAY, jobRunningMs: 0 });
  const access = { apiKey: emulator.apiKey, baseUrl: emulator.url, output };
  const baseline = createBaselineActivities(access);
  const ours = createActivities({ llamacloud: new LlamaCloudClient(access), outputs: openOutputStore(output) });
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: 'llamacloud',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../workflows.mjs', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
    activities: { ...ours, ...baseline },
  });
  const running = worker.run();
  return {
    temporal,
    emulator,
    close: async () => {
      worker.shutdown();
      await running;
      await emulator.close();
      await temporal.close();
      await rm(output, { recursive: true, force: true });
    },
  };
}

/** One wait: the batch ends that long after its creation. */
async function waitFor({ temporal, emulator }, { type, poll, after, before }, waitedMs, options) {
  const asked = emulator.requests.length;
  const { id: directoryId } = await emulator.addDirectory(files(1));
  const { client, env } = temporal;
  const args = [inputOf(type, directoryId, options)];
  const handle = await client.workflow.start(type, {
    workflowId: `wait-${randomUUID()}`,
    taskQueue: 'llamacloud',
    args,
  });
  const batch = await until(() => emulator.batches.list().find((each) => each.directoryId === directoryId));
  const createdMs = await env.currentTimeMs();
  await until(() => emulator.requests.some(({ path }) => path === `/api/v2/batches/${batch.id}`));
  await env.sleep(Math.max(1, createdMs + waitedMs - (await env.currentTimeMs())));
  const endedMs = await env.currentTimeMs();
  const requests = emulator.requests.length - asked;
  emulator.batches.finish(batch.id);
  await handle.result();
  const events = (await handle.fetchHistory()).events ?? [];
  const scheduled = (name) => events.findIndex((event) => scheduledType(event) === name);
  const lateMs = timeOf(lastOf(events, poll)) - endedMs;
  const createEvents = await eventsOfCreate(client, events);
  return { events: scheduled(before) - scheduled(after), createEvents, requests, lateMs };
}

/** Of the activity or the child workflow that an event schedules. */
function scheduledType(event) {
  const { activityTaskScheduledEventAttributes, startChildWorkflowExecutionInitiatedEventAttributes } = event;
  return (
    activityTaskScheduledEventAttributes?.activityType?.name ??
    startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name
  );
}

/** Events of the child that has created the batch; 0 where an activity has. */
async function eventsOfCreate(client, events) {
  const create = events.find(
    ({ childWorkflowExecutionStartedEventAttributes: started }) => started?.workflowType?.name === 'createBatch',
  );
  if (create === undefined) return 0;
  const { workflowId, runId } = create.childWorkflowExecutionStartedEventAttributes.workflowExecution;
  return (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events?.length ?? 0;
}

/** The end of the last activity of that name. */
function lastOf(events, name) {
  return events.findLast(
    ({ activityTaskCompletedEventAttributes: completed }) =>
      completed && nameOf(events, completed.scheduledEventId) === name,
  );
}

function nameOf(events, eventId) {
  const scheduled = events.find((event) => String(event.eventId) === String(eventId));
  return scheduled === undefined ? undefined : scheduledType(scheduled);
}

/**
 * How late the end of a batch is seen, in real time: the time-skipping server tells an activity the time of the attempt before, which
 * for short waits is much of them. All batches of a kind wait side by side, and end at different places between two polls.
 */
export async function detection({ waits, batches, say }) {
  const environment = await startEnvironment({ batchRunningMs: DAY });
  try {
    const rows = [];
    for (const waitedMs of waits) {
      for (const name of ['ours', 'baseline']) {
        const waiting = Array.from({ length: batches }, (_, index) =>
          endAfter(environment, WAYS[name], waitedMs * (1 + (0.2 * index) / batches)),
        );
        const runs = await Promise.all(waiting);
        const late = runs.map((run) => run.lateMs);
        rows.push({
          name,
          waitedMs,
          medianLateMs: median(late),
          mostLateMs: Math.max(...late),
          mostLateShare: Math.max(...runs.map((run) => run.lateMs / run.waitedMs)),
          requests: median(runs.map((run) => run.requests)),
        });
        say(`batches of ${waitedMs / SECOND} s: ${JSON.stringify(rows.at(-1))}`);
      }
    }
    return rows;
  } finally {
    await environment.close();
  }
}

/** One batch that ends that long after its creation. */
async function endAfter({ emulator, client }, { type, poll }, waitedMs) {
  const { id: directoryId } = await emulator.addDirectory(files(1));
  const workflowId = `end-${randomUUID()}`;
  const handle = await client.workflow.start(type, {
    workflowId,
    taskQueue: 'llamacloud',
    args: [inputOf(type, directoryId)],
  });
  const batch = await until(() => emulator.batches.list().find((each) => each.directoryId === directoryId));
  await new Promise((resolve) => setTimeout(resolve, batch.createdAtMs + waitedMs - Date.now()));
  const endedMs = Date.now();
  const requests = emulator.requests.filter(({ path }) => path === `/api/v2/batches/${batch.id}`).length;
  emulator.batches.finish(batch.id);
  await handle.result();
  const events = (await handle.fetchHistory()).events ?? [];
  return { waitedMs: endedMs - batch.createdAtMs, lateMs: timeOf(lastOf(events, poll)) - endedMs, requests };
}

function inputOf(type, directoryId, options = {}) {
  if (type === 'processBatch') return { directoryId, job: JOB };
  return { directoryId, configurationId: JOB.configurationId, ...options };
}

/** From a `wake` signal to the poll of the batch, on a real server, with a poll that would take an hour. */
export async function waking({ repeats, say }) {
  const environment = await startEnvironment({ batchRunningMs: DAY });
  const delays = [];
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const { id: directoryId } = await environment.emulator.addDirectory(files(1));
      const workflowId = `wake-${randomUUID()}`;
      const poll = { initialInterval: '1 hour', maximumInterval: '1 hour' };
      const args = [{ directoryId, job: JOB, poll }];
      const handle = await environment.client.workflow.start('processBatch', {
        workflowId,
        taskQueue: 'llamacloud',
        args,
      });
      const batch = await until(() =>
        environment.emulator.batches.list().find((each) => each.directoryId === directoryId),
      );
      await until(() => environment.emulator.requests.filter(({ path }) => path.endsWith(batch.id)).length > 0);
      environment.emulator.batches.finish(batch.id);
      await handle.signal('wake');
      await handle.result();
      const events = (await handle.fetchHistory()).events ?? [];
      const woken = events.findIndex((event) => event.workflowExecutionSignaledEventAttributes);
      const seen = events.slice(woken).find((event) => event.activityTaskCompletedEventAttributes);
      delays.push(timeOf(seen) - timeOf(events[woken]));
    }
  } finally {
    await environment.close();
  }
  say(`woken: seen after ${delays.map((delay) => delay.toFixed(0)).join(', ')} ms`);
  return { medianMs: median(delays), mostMs: Math.max(...delays) };
}

async function until(ask) {
  for (;;) {
    const answer = ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
