import { SEARCH_ATTRIBUTES, WAKE_SIGNAL } from '../protocol/index.js';

/** The part of Temporal's `Client` that the receiver uses. */
export interface WebhookTemporalClient {
  withDeadline<R>(deadline: number | Date, run: () => Promise<R>): Promise<R>;
  readonly workflow: {
    getHandle(workflowId: string): { signal(name: string): Promise<void> };
    list(options: { query: string }): AsyncIterable<{ workflowId: string }>;
  };
}

/** A batch has one run, and perhaps others that were started with its `batchId`. */
const MAX_RUNS = 10;

/**
 * Signals `wake` to the run of a batch.
 *
 * A workflow id is exact, and is known before there is a batch. It is not bound to one run: if the run has ended, and another one over
 * the same directory has its id, that one is woken, which costs one GET.
 *
 * The batch id is for batches whose webhook was not added by a worker, and for a second run that has adopted the batch. It is looked up in
 * Temporal's visibility, which lags by a second or so, and only knows it if the search attributes are registered.
 *
 * @returns the workflow ids that were signalled.
 * @throws what Temporal's client throws, but not for a run that has ended.
 */
export async function wakeRuns(
  client: WebhookTemporalClient,
  workflowId: string | undefined,
  batchId: string | undefined,
): Promise<string[]> {
  if (workflowId !== undefined && (await wake(client, workflowId))) return [workflowId];
  const woken: string[] = [];
  if (batchId === undefined) return woken;
  const query = `${SEARCH_ATTRIBUTES.batchId} = '${batchId}' AND ExecutionStatus = 'Running'`;
  for await (const found of client.workflow.list({ query })) {
    if (await wake(client, found.workflowId)) woken.push(found.workflowId);
    if (woken.length >= MAX_RUNS) break;
  }
  return woken;
}

/** Returns false if there is no open workflow of this id. */
async function wake({ workflow }: WebhookTemporalClient, workflowId: string): Promise<boolean> {
  try {
    await workflow.getHandle(workflowId).signal(WAKE_SIGNAL);
    return true;
  } catch (error) {
    // By name: the application's client may come from another copy of the SDK.
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}
