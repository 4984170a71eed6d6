// Requests and events of a wait for a batch, and how late its end is noticed, in simulated time.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { createActivities, LlamaCloudClient, openOutputStore } from '../../dist/index.js';
import { startLlamaCloudEmulator, startTimeSkippingTemporal } from '../../dist/testing/index.js';
import { createBaselineActivities } from '../baseline/activities.mjs';
import { eventTimeMs, makeFiles } from '../environment.mjs';
import { DAY, findLastCompleted, IMPLEMENTATIONS, readActivityOrWorkflowType, toInput, waitUntil } from './polls.mjs';

const HOUR = 3_600_000;

/** An hour and a day of simulated time, on Temporal's time-skipping server. */
export async function measureWaiting({ log }) {
  const environment = await startSimulatedEnvironment();
  try {
    // The hour first, and ours first: the emulator keeps real time. Once the simulated clock is a day ahead, its new batches look older
    // than those that the package lists.
    const hour = {};
    for (const name of ['ours', 'baseline']) {
      const { lateMs, requests } = await measureWait(environment, IMPLEMENTATIONS[name], HOUR, {});
      hour[name] = { lateMs, requests };
      log(`an hour: ${name} ${JSON.stringify(hour[name])}`);
    }
    const day = {};
    for (const name of ['ours', 'baseline']) {
      // Of the baseline only. Its default, every five seconds, would exceed Temporal's limit of 51,200 events.
      const run = await measureWait(environment, IMPLEMENTATIONS[name], DAY, { pollEvery: '1 minute' });
      day[name] = { events: run.events, createEvents: run.createEvents, requests: run.requests };
      log(`24 hours: ${name} ${JSON.stringify(day[name])}`);
    }
    return { day, hour };
  } finally {
    await environment.close();
  }
}

async function startSimulatedEnvironment() {
  const output = await mkdtemp(join(tmpdir(), 'bench-'));
  const temporal = await startTimeSkippingTemporal();
  const emulator = await startLlamaCloudEmulator({ seed: 7, batchPendingMs: 0, batchRunningMs: DAY, jobRunningMs: 0 });
  const access = { apiKey: emulator.apiKey, baseUrl: emulator.url, output };
  const baseline = createBaselineActivities(access);
  const outputs = await openOutputStore(output);
  const ours = createActivities({ llamacloud: new LlamaCloudClient(access), outputs });
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

/** Runs a batch that ends `waitMs` after its creation. */
async function measureWait({ temporal, emulator }, { type, poll, after, before }, waitMs, options) {
  const earlierRequests = emulator.requests.length;
  const { id: directoryId } = await emulator.addDirectory(makeFiles(1));
  const { client, env } = temporal;
  const args = [toInput(type, directoryId, options)];
  const handle = await client.workflow.start(type, {
    workflowId: `wait-${randomUUID()}`,
    taskQueue: 'llamacloud',
    args,
  });
  const batch = await waitUntil(() =>
    emulator.batches.list().find((candidate) => candidate.directoryId === directoryId),
  );
  const createdMs = await env.currentTimeMs();
  await waitUntil(() => emulator.requests.some(({ path }) => path === `/api/v2/batches/${batch.id}`));
  await env.sleep(Math.max(1, createdMs + waitMs - (await env.currentTimeMs())));
  const endedMs = await env.currentTimeMs();
  const requests = emulator.requests.length - earlierRequests;
  emulator.batches.finish(batch.id);
  await handle.result();
  const events = (await handle.fetchHistory()).events ?? [];
  const findScheduled = (name) => events.findIndex((event) => readActivityOrWorkflowType(event) === name);
  const lateMs = eventTimeMs(findLastCompleted(events, poll)) - endedMs;
  const createEvents = await countCreateEvents(client, events);
  return { events: findScheduled(before) - findScheduled(after), createEvents, requests, lateMs };
}

/** Events of the child workflow that created the batch; 0 if an activity did. */
async function countCreateEvents(client, events) {
  const create = events.find(
    ({ childWorkflowExecutionStartedEventAttributes: started }) => started?.workflowType?.name === 'createBatch',
  );
  if (create === undefined) return 0;
  const { workflowId, runId } = create.childWorkflowExecutionStartedEventAttributes.workflowExecution;
  return (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events?.length ?? 0;
}
