// What a wait costs, and how late its end is seen: in simulated time, on Temporal's time-skipping server.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, openOutputStore } from '../../dist/index.js';
import { startLlamaCloudEmulator, startTimeSkippingTemporal } from '../../dist/testing/index.js';
import { createPeerActivities } from '../peer/activities.mjs';
import { files, JOB, median, setStage, timeOf } from '../stage.mjs';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** Which activities a wait is between, and which of them looks. */
const WAYS = {
  ours: { type: 'processBatch', look: 'watchBatch', after: 'createBatch', before: 'readResults' },
  peer: { type: 'peerBatch', look: 'batchStatus', after: 'createBatch', before: 'batchJobs' },
};

export async function waiting({ say }) {
  const stage = await simulated();
  try {
    const day = {};
    for (const name of ['ours', 'peer']) {
      // Every five seconds would be more events than a workflow may have.
      const run = await waitFor(stage, WAYS[name], DAY, { pollEvery: '1 minute' });
      day[name] = { events: run.events, requests: run.looks };
      say(`24 hours: ${name} ${JSON.stringify(day[name])}`);
    }
    const hour = {};
    for (const name of ['ours', 'peer']) {
      const { lateMs, looks } = await waitFor(stage, WAYS[name], HOUR, {});
      hour[name] = { lateMs, requests: looks };
      say(`an hour: ${name} ${JSON.stringify(hour[name])}`);
    }
    return { day, hour };
  } finally {
    await stage.close();
  }
}

async function simulated() {
  const output = await mkdtemp(join(tmpdir(), 'bench-'));
  const temporal = await startTimeSkippingTemporal();
  const emulator = await startLlamaCloudEmulator({ seed: 7, batchPendingMs: 0, batchRunningMs: DAY, jobRunningMs: 0 });
  const access = { apiKey: emulator.apiKey, baseUrl: emulator.url, output };
  const peer = createPeerActivities(access);
  const ours = createActivities({ llamacloud: new LlamaCloudClient(access), outputs: openOutputStore(output) });
  const createBatch = (input) => ('request' in input ? ours.createBatch(input) : peer.createBatch(input));
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: 'llamacloud',
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../workflows.mjs', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
    activities: { ...ours, ...peer, createBatch },
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
async function waitFor({ temporal, emulator }, { type, look, after, before }, waitedMs, options) {
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
  const isLook = ({ path }) => path === `/api/v2/batches/${batch.id}`;
  await until(() => emulator.requests.some(isLook));
  await env.sleep(Math.max(1, createdMs + waitedMs - (await env.currentTimeMs())));
  const endedMs = await env.currentTimeMs();
  const looks = emulator.requests.filter(isLook).length;
  emulator.batches.finish(batch.id);
  await handle.result();
  const events = (await handle.fetchHistory()).events ?? [];
  const scheduled = (name) =>
    events.findIndex((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name);
  const lateMs = timeOf(lastOf(events, look)) - endedMs;
  return { events: scheduled(before) - scheduled(after), looks, lateMs };
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
  return scheduled?.activityTaskScheduledEventAttributes?.activityType?.name;
}

/**
 * How late the end of a batch is seen, in real time: the time-skipping server tells an activity the time of the attempt before, which
 * for short waits is much of them. All batches of a kind wait side by side, and end at different places between two looks.
 */
export async function detection({ waits, batches, say }) {
  const stage = await setStage({ batchRunningMs: DAY });
  try {
    const rows = [];
    for (const waitedMs of waits) {
      for (const name of ['ours', 'peer']) {
        const waiting = Array.from({ length: batches }, (_, index) =>
          endAfter(stage, WAYS[name], waitedMs * (1 + (0.2 * index) / batches)),
        );
        const runs = await Promise.all(waiting);
        const late = runs.map((run) => run.lateMs);
        rows.push({
          name,
          waitedMs,
          medianLateMs: median(late),
          mostLateMs: Math.max(...late),
          mostLateShare: Math.max(...runs.map((run) => run.lateMs / run.waitedMs)),
          requests: median(runs.map((run) => run.looks)),
        });
        say(`batches of ${waitedMs / SECOND} s: ${JSON.stringify(rows.at(-1))}`);
      }
    }
    return rows;
  } finally {
    await stage.close();
  }
}

/** One batch that ends that long after its creation. */
async function endAfter({ emulator, client }, { type, look }, waitedMs) {
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
  const looks = emulator.requests.filter(({ path }) => path === `/api/v2/batches/${batch.id}`).length;
  emulator.batches.finish(batch.id);
  await handle.result();
  const events = (await handle.fetchHistory()).events ?? [];
  return { waitedMs: endedMs - batch.createdAtMs, lateMs: timeOf(lastOf(events, look)) - endedMs, looks };
}

function inputOf(type, directoryId, options = {}) {
  if (type === 'processBatch') return { directoryId, job: JOB };
  return { directoryId, configurationId: JOB.configurationId, ...options };
}

/** From a `wake` signal to the batch having been looked at, on a real server, with a poll that would take an hour. */
export async function waking({ repeats, say }) {
  const stage = await setStage({ batchRunningMs: DAY });
  const delays = [];
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const { id: directoryId } = await stage.emulator.addDirectory(files(1));
      const workflowId = `wake-${randomUUID()}`;
      const poll = { initialInterval: '1 hour', maximumInterval: '1 hour' };
      const args = [{ directoryId, job: JOB, poll }];
      const handle = await stage.client.workflow.start('processBatch', { workflowId, taskQueue: 'llamacloud', args });
      const batch = await until(() => stage.emulator.batches.list().find((each) => each.directoryId === directoryId));
      await until(() => stage.emulator.requests.filter(({ path }) => path.endsWith(batch.id)).length > 0);
      stage.emulator.batches.finish(batch.id);
      await handle.signal('wake');
      await handle.result();
      const events = (await handle.fetchHistory()).events ?? [];
      const woken = events.findIndex((event) => event.workflowExecutionSignaledEventAttributes);
      const seen = events.slice(woken).find((event) => event.activityTaskCompletedEventAttributes);
      delays.push(timeOf(seen) - timeOf(events[woken]));
    }
  } finally {
    await stage.close();
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
