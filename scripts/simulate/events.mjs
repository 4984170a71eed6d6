// What happens to the runs of a scenario: by people through Temporal, by LlamaCloud, and by machines that die.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { toWorkflowId } from './workflow-ids.mjs';

const PAUSE_MS = 2_000;
const WEIRD_STATUS_MS = 1_500;

/** Carries out an event. Resolves with what it did, for the evidence. */
export async function applyEvent(context, event) {
  const { plan, world, emulator } = context;
  const run = plan.runs[event.run];
  const batch = () => emulator.batches.list().find(({ status }) => !isTerminal(status));
  switch (event.kind) {
    case 'cancel':
      return await (await findHandle(world, run)).cancel().then(() => 'requested');
    case 'terminate':
      return await (await findHandle(world, run)).terminate('planned').then(() => 'done');
    case 'wake':
      return await (await findHandle(world, run)).signal('wake').then(() => 'sent');
    case 'reset':
      return await resetWorkflow(world, await findHandle(world, run), event.share);
    case 'reset-activity':
      return await changeActivity(world, run, event.share, (service, target) => service.resetActivity(target));
    case 'pause-activity':
      return await changeActivity(world, run, event.share, async (service, target) => {
        await service.pauseActivity({ ...target, identity: 'simulation', reason: 'planned' });
        await sleep(PAUSE_MS);
        await service.unpauseActivity(target);
      });
    case 'cancel-remote-batch':
      return setStatus(emulator, batch(), 'CANCELLED');
    case 'fail-remote-batch':
      return setStatus(emulator, batch(), 'FAILED');
    case 'unknown-remote-status': {
      const { id } = batch() ?? {};
      if (id === undefined) return 'no batch';
      emulator.batches.setStatus(id, 'DEFRAGMENTING');
      await sleep(WEIRD_STATUS_MS);
      emulator.batches.setStatus(id, null);
      return id;
    }
    case 'kill-worker':
      await world.killWorker(event.share);
      return 'killed';
    default:
      throw new Error(`unknown event ${event.kind}`);
  }
}

function isTerminal(status) {
  return status === 'COMPLETED' || status === 'CANCELLED' || status === 'FAILED';
}

function setStatus(emulator, batch, status) {
  if (batch === undefined) return 'no batch';
  emulator.batches.setStatus(batch.id, status);
  return batch.id;
}

/** The workflow of a run. Of a schedule, the first that it started. */
async function findHandle({ client }, run) {
  if (run.kind !== 'schedule') return client.workflow.getHandle(toWorkflowId(run));
  const { info } = await client.schedule.getHandle(run.workflowId).describe();
  const [action] = info.recentActions;
  if (action === undefined) throw new Error('the schedule has started nothing yet');
  return client.workflow.getHandle(action.action.workflow.workflowId);
}

/** Resets the latest run of a workflow to one of its completed workflow tasks. */
async function resetWorkflow({ client, namespace }, handle, share) {
  const { runId, workflowId } = await handle.describe();
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const tasks = events.filter((event) => event.workflowTaskCompletedEventAttributes);
  if (tasks.length === 0) return 'no workflow task';
  const { eventId } = tasks[Math.floor(share * tasks.length)];
  await client.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId, runId },
    reason: 'planned',
    requestId: randomUUID(),
    workflowTaskFinishEventId: eventId,
  });
  return `to event ${eventId} of ${events.length}`;
}

/** Applies `change` to a pending activity of the run, or of the create that it waits for. */
async function changeActivity({ client, namespace }, run, share, change) {
  const handle = await findHandle({ client }, run);
  const { raw } = await handle.describe();
  const children = (raw.pendingChildren ?? []).filter(({ workflowTypeName }) => workflowTypeName === 'createBatch');
  const handles = [handle, ...children.map(({ workflowId }) => client.workflow.getHandle(workflowId))];
  const pending = [];
  for (const { workflowId } of handles) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    for (const { activityId, activityType } of raw.pendingActivities ?? []) {
      pending.push({ workflowId, id: activityId, type: activityType.name });
    }
  }
  if (pending.length === 0) return 'no activity';
  const { workflowId, id, type } = pending[Math.floor(share * pending.length)];
  await change(client.workflowService, { namespace, execution: { workflowId }, id });
  return type;
}
