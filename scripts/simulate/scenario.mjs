// Runs one plan: starts an emulator, starts the runs, lets the events happen, waits for the end, and collects what there is to judge.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { BatchClient } from '../../dist/index.js';
import { startLlamaCloudEmulator, TARGETS } from '../../dist/testing/index.js';
import { seededRandom } from '../seeded-random.mjs';
import { applyEvent } from './events.mjs';
import { collectEvidence } from './evidence.mjs';
import { LIST_LAG_MS } from './plan.mjs';
import { editRows } from './rows.mjs';
import { API_KEY } from './secrets.mjs';
import { toQuery, toWorkflowId } from './workflow-ids.mjs';

/** Upper bound on a scenario. None takes as long, even on a busy machine, where Temporal notices only after 30 s that a worker has died. */
const BOUND_MS = 600_000;
const POLL_MS = 1_000;
const LIST_INTERVAL_MS = 3_000;

/** @returns what `check` judges */
export async function runScenario(plan, world) {
  const folder = await mkdtemp(join(world.folder, `${plan.id}-`));
  const emulator = await startLlamaCloudEmulator({
    ...plan.emulator,
    faultRate: plan.faultRate,
    downloadFaultRate: plan.downloadFaultRate,
    seed: plan.seed,
    apiKey: API_KEY,
  });
  const output = join(folder, 'out');
  try {
    for (const { id, files } of plan.directories) await emulator.addDirectory(toVirtualFiles(plan.seed, files), { id });
    addFaults(emulator, plan);
    world.register(plan.id, {
      url: emulator.url,
      output,
      outputFaultRate: plan.outputFaultRate,
      requestTimeoutMs: plan.requestTimeoutMs,
      listLagMs: LIST_LAG_MS,
    });
    const context = { plan, world, emulator, startedMs: Date.now(), occurred: [] };
    const starting = startRuns(context);
    const happening = Promise.all(plan.events.map((event) => happen(context, event)));
    const [notStarted] = await Promise.all([starting, happening]);
    const open = await waitUntilClosed(context);
    return await collectEvidence(context, { folder, output, open, notStarted });
  } finally {
    world.unregister(plan.id);
    await emulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function toVirtualFiles(seed, files) {
  return files.map(({ name, words }, index) => ({ name, content: toContent(seed, index, words) }));
}

/** Markdown. The emulator cannot parse it in files that the plan names `.pdf`: those are to fail. */
function toContent(seed, index, words) {
  const random = seededRandom(seed * 1_000 + index);
  const text = Array.from({ length: words }, () => Math.floor(random() * 1e9).toString(36)).join(' ');
  return `# Document ${index} of ${seed}\n\n${text}\n`;
}

function addFaults(emulator, { createFaults, otherFaults, rowEdits }) {
  for (const fault of createFaults) emulator.faults.next({ ...fault, ...TARGETS.createBatch });
  for (const { target, ...fault } of otherFaults) emulator.faults.next({ ...fault, ...TARGETS[target] });
  if (rowEdits.length > 0) {
    emulator.rewrite(TARGETS.getBatch, (body) =>
      body?.results === undefined ? body : { ...body, results: editRows(body.results, rowEdits) },
    );
  }
}

/** Resolves with the names of the runs that could not be started, and why. */
async function startRuns(context) {
  const { plan, world } = context;
  const batches = new BatchClient({ client: world.client, taskQueue: world.taskQueue });
  const notStarted = [];
  const [first] = plan.runs;
  const start = async (run) => {
    try {
      await startRun(batches, context, run);
    } catch (error) {
      notStarted.push({ name: run.name, reason: `${error.name}: ${error.message}` });
    }
  };
  await start(first);
  await Promise.all(
    plan.runs.slice(1).map(async (run) => {
      if (run.afterFirst) await waitForEnd(context, toWorkflowId(first));
      else await sleep(run.atMs);
      await start(run);
    }),
  );
  return notStarted;
}

async function startRun(batches, context, run) {
  const options = run.workflowId === null ? {} : { workflowId: run.workflowId };
  if (run.kind === 'directories') {
    await batches.startDirectories(run.input, options);
  } else if (run.kind === 'schedule') {
    await triggerSchedule(batches, run);
  } else if (run.adopts) {
    const batchId = await waitForBatch(context);
    if (batchId === undefined) return;
    await batches.start({ ...run.input, batchId }, options);
  } else {
    await batches.start(run.input, options);
  }
}

async function triggerSchedule(batches, run) {
  const overlap = ScheduleOverlapPolicy[run.overlap];
  const schedule = await batches.schedule(run.input, { scheduleId: run.workflowId, every: '30 days', overlap });
  try {
    let passedMs = 0;
    for (const atMs of run.triggersAtMs) {
      await sleep(atMs - passedMs);
      passedMs = atMs;
      await schedule.trigger();
    }
    // A trigger starts its run a moment later, and a deleted schedule starts none.
    await sleep(3_000);
  } finally {
    await schedule.delete();
  }
}

/** The batch that the first run says is its own. `undefined` if it ends without one. */
async function waitForBatch({ plan, world, startedMs }) {
  const handle = world.client.workflow.getHandle(toWorkflowId(plan.runs[0]));
  while (Date.now() < startedMs + BOUND_MS) {
    const { memo, status } = await handle.describe();
    if (memo?.llamacloudBatchId !== undefined) return memo.llamacloudBatchId;
    if (status.name !== 'RUNNING') return undefined;
    await sleep(POLL_MS);
  }
  return undefined;
}

/** Waits until the workflow has closed, whichever way and however often it is reset meanwhile. */
async function waitForEnd({ world, startedMs }, workflowId) {
  while (Date.now() < startedMs + BOUND_MS) {
    const { status } = await world.client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return;
    await sleep(POLL_MS);
  }
}

async function happen(context, event) {
  await sleep(event.atMs);
  const outcome = await applyEvent(context, event).catch((error) => `${error.name}: ${error.message}`);
  context.occurred.push({ ...event, outcome });
}

/** Waits until no workflow of the seed is open: children of a terminated run go on. Returns the ids of those that stay open. */
async function waitUntilClosed(context) {
  const { plan, world, startedMs } = context;
  // Described by id first, which costs the server little: a list reads the whole namespace.
  await Promise.all(plan.runs.map((run) => waitForEnd(context, toWorkflowId(run)).catch(ignoreNotFound)));
  const query = `ExecutionStatus = "Running" AND (${toQuery(plan.id)})`;
  let closedChecks = 0;
  for (;;) {
    const open = [];
    for await (const { workflowId } of world.client.workflow.list({ query })) open.push(workflowId);
    // Visibility lags, so the list has to be empty twice in a row.
    closedChecks = open.length === 0 ? closedChecks + 1 : 0;
    if (closedChecks === 2) return [];
    if (Date.now() > startedMs + BOUND_MS) return open;
    await sleep(closedChecks === 1 ? POLL_MS : LIST_INTERVAL_MS);
  }
}

/** There is no workflow with this id if the start was refused, or if a schedule started the run, under an id of its own. */
function ignoreNotFound(error) {
  if (error.name !== 'WorkflowNotFoundError') throw error;
}
