import type { WithBlockedBy } from '../../client/index.js';
import type { AnyProgress, AnyRun } from './run-types.js';

/** A worker answers within milliseconds. */
const TIMEOUT_MS = 5_000;

/** @throws the client's `NoWorkerError` when no worker answers within 5 seconds, and its `RunNotReadyError` */
export function queryProgress(run: AnyRun): Promise<WithBlockedBy<AnyProgress>> {
  return run.progress({ timeoutMs: TIMEOUT_MS });
}

/** Whether the run did not answer, and may later. By the error's name: help and usage errors do not load the client. */
export function isNoAnswer(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'NoWorkerError' || error.name === 'RunNotReadyError');
}
