// What a scenario leaves behind: workflows with their histories, the emulator's batches, jobs and requests, and the output folder.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePayloads } from '../decode-payloads.mjs';
import { toQuery } from './workflow-ids.mjs';

export async function collectEvidence(
  { plan, world, emulator, occurred, startedMs },
  { folder, output, open, notStarted },
) {
  const hits = [...emulator.faults.hits];
  const requests = [...emulator.requests];
  emulator.faults.clear();
  const workflows = await readWorkflows(world.client, plan.id);
  const stuck = await Promise.all(open.map((workflowId) => describeStuck(world.client, workflowId)));
  const batches = emulator.batches.list();
  const jobs = emulator.jobs.list();
  return {
    plan,
    occurred,
    stuck,
    notStarted,
    tookMs: Date.now() - startedMs,
    hits,
    requests,
    batches,
    jobs,
    documents: await downloadAll(emulator, jobs),
    workflows,
    output,
    files: await readFiles(folder),
  };
}

/** What an open workflow waits for, in words. */
async function describeStuck(client, workflowId) {
  const { raw, status } = await client.workflow.getHandle(workflowId).describe();
  const activities = (raw.pendingActivities ?? []).map(({ activityType, attempt, lastFailure }) => {
    return `${activityType.name} at attempt ${attempt}: ${lastFailure?.message ?? 'no failure yet'}`;
  });
  const children = (raw.pendingChildren ?? []).map(({ workflowId }) => `child ${workflowId}`);
  const task =
    raw.pendingWorkflowTask === null || raw.pendingWorkflowTask === undefined
      ? []
      : [`a workflow task at attempt ${raw.pendingWorkflowTask.attempt}`];
  return `${workflowId} (${status.name}) waits for ${[...activities, ...children, ...task].join('; ') || 'nothing that Temporal knows'}`;
}

async function readWorkflows(client, scenarioId) {
  const workflows = [];
  for await (const execution of client.workflow.list({ query: toQuery(scenarioId) })) {
    const { workflowId, runId, type, status, memo, startTime, closeTime } = execution;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const events = decodePayloads(history.events);
    const times = { startTime, closeTime };
    workflows.push({ workflowId, runId, type, status: status.name, memo: memo ?? {}, ...times, events, history });
  }
  return workflows;
}

/** The documents that LlamaCloud has, by job id and format. */
async function downloadAll(emulator, jobs) {
  const documents = new Map();
  for (const { id, status } of jobs) {
    if (status !== 'COMPLETED') continue;
    for (const form of ['markdown_full', 'text_full']) {
      const response = await fetch(emulator.jobs.presignedUrl(id, form));
      if (response.ok) documents.set(`${id} ${form}`, Buffer.from(await response.arrayBuffer()));
    }
  }
  return documents;
}

/** Every file below a folder, by its path. */
async function readFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map();
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) files.set(path, await readFile(path));
  }
  return files;
}
