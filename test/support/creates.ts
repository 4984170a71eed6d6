import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { BATCH_ID_MEMO, createBatchWorkflowId, WORKFLOW_TYPES } from '../../src/protocol/index.js';
import type { EmulatedBatch } from '../../src/testing/index.js';
import { files, parseInput, type TestEnvironment } from './test-environment.js';
import { until } from './until.js';

/** A directory, and what the creates over it have sent. */
export interface TestDirectory {
  directoryId: string;
  /** Workflow id of the `createBatch` of a run with the input `parseInput(directoryId)`. */
  lockId: string;
  /** Status of the response to each POST so far; 0 while there is none, or where the connection was reset. */
  posts(): number[];
  batches(): EmulatedBatch[];
  /** Waits for that many POSTs. */
  untilPosted(count: number): Promise<void>;
  /** Waits until `createBatch` has learned the id of its batch. */
  untilBatchKnown(): Promise<string>;
}

/** A new directory. @param fileCount Default 0, where only the batch matters. */
export async function newDirectory({ emulator, client }: TestEnvironment, fileCount = 0): Promise<TestDirectory> {
  const { id: directoryId } = await emulator.addDirectory(files(fileCount));
  const isOurs = (body: unknown) =>
    typeof body === 'object' &&
    body !== null &&
    'source_directory_id' in body &&
    body.source_directory_id === directoryId;
  const posts = () => emulator.requests.filter(({ method, body }) => method === 'POST' && isOurs(body));
  const lockId = createBatchWorkflowId(parseInput(directoryId));
  return {
    directoryId,
    lockId,
    posts: () => posts().map(({ status }) => status),
    batches: () => emulator.batches.list().filter((batch) => batch.directoryId === directoryId),
    untilPosted: async (count) => {
      await until(`POST ${count}`, () => posts().length >= count);
    },
    untilBatchKnown: () =>
      until('the batch id in the memo', async () => {
        const batchId = (await describeWorkflow(client, lockId))?.memo?.[BATCH_ID_MEMO];
        return typeof batchId === 'string' && batchId;
      }),
  };
}

/** `undefined` where there is no such workflow. */
export function describeWorkflow(client: Client, workflowId: string) {
  return client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
}

/** Waits until a workflow has ended, and gives its status. */
export function untilEnded(client: Client, workflowId: string): Promise<string> {
  const status = async () => (await describeWorkflow(client, workflowId))?.status.name;
  return until(`the end of ${workflowId}`, async () => {
    const name = await status();
    return name !== undefined && name !== 'RUNNING' && name;
  });
}

/**
 * What `temporal workflow reset` does: goes back to the first workflow task, or to the one that started `createBatch`, or to any, and
 * gives the id of the new run.
 */
export async function resetWorkflow(
  { client, history }: TestEnvironment,
  workflowId: string,
  to: 'first-task' | 'before-child' | { task: number } = 'first-task',
): Promise<string> {
  const events = await history(workflowId);
  const tasks = events.filter((event) => event.workflowTaskCompletedEventAttributes != null);
  const child = events.findLast(
    ({ startChildWorkflowExecutionInitiatedEventAttributes: started }) =>
      started?.workflowType?.name === WORKFLOW_TYPES.createBatch,
  )?.startChildWorkflowExecutionInitiatedEventAttributes?.workflowTaskCompletedEventId;
  const task = tasks[typeof to === 'object' ? to.task : 0]?.eventId;
  const eventId = to === 'before-child' ? child : task;
  if (eventId == null) throw new Error(`${workflowId} has no such task`);
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId: (await describeWorkflow(client, workflowId))?.runId ?? '' },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: eventId,
  });
  return runId;
}
