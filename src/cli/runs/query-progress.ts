import type { Client } from '@temporalio/client';
import { CliError } from '../errors.js';
import { findGrpcStatus, GRPC_CODES } from '../grpc-status.js';
import type { AnyProgress, AnyRun } from './run-types.js';

/** A worker answers within milliseconds. */
const QUERY_TIMEOUT_MS = 5_000;

/** The deadline has passed (either of the first two), or no worker polls the task queue. */
const NO_WORKER_CODES: ReadonlySet<number | undefined> = new Set([
  GRPC_CODES.cancelled,
  GRPC_CODES.deadlineExceeded,
  GRPC_CODES.failedPrecondition,
]);

/** No worker answered a query. */
export class NoWorkerError extends CliError {
  override readonly name = 'NoWorkerError';
  override readonly type = 'NoWorker';

  constructor(taskQueue: string, cause: unknown) {
    super(
      `No worker of task queue ${taskQueue} answers, so the progress is not known`,
      `Start a worker: temporal-llamacloud worker --task-queue ${taskQueue}`,
      cause,
    );
  }
}

/** @throws NoWorkerError when no worker answers within 5 seconds */
export async function queryProgress(client: Client, run: AnyRun, taskQueue: string): Promise<AnyProgress> {
  try {
    return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => run.progress());
  } catch (error) {
    if (NO_WORKER_CODES.has(findGrpcStatus(error)?.code)) throw new NoWorkerError(taskQueue, error);
    throw error;
  }
}
