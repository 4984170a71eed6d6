import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { RunHandle } from '../../run-handle.js';
import type { ProcessSignals } from '../process-signals.js';
import { toPrintable } from '../text.js';
import { fromReport } from './ended-progress.js';
import type { ProgressView } from './progress-view.js';
import { NoWorkerError, queryProgress } from './query-progress.js';
import { findBlockedBy } from './run-status.js';
import type { AnyProgress, AnyReport } from './run-types.js';

export interface FollowOptions<Report extends AnyReport> {
  readonly client: Client;
  readonly run: RunHandle<Report, AnyProgress>;
  readonly taskQueue: string;
  readonly signals: ProcessSignals;
  /** Time between two queries, in milliseconds. */
  readonly intervalMs: number;
  readonly view: ProgressView;
}

/**
 * Shows the progress of a run until it ends, and returns its report. While no worker answers, it says so once and goes on.
 *
 * @throws InterruptedError; what `RunHandle.result()` throws
 */
export async function followRun<Report extends AnyReport>(options: FollowOptions<Report>): Promise<Report> {
  const { run, signals, view } = options;
  const ended = new AbortController();
  const result = run.result().finally(() => ended.abort());
  const showing = showProgress(options, ended.signal);
  try {
    const report = await signals.race(result);
    await showing;
    view.show(fromReport(report));
    return report;
  } finally {
    ended.abort();
    await showing;
    view.end();
  }
}

/** Queries and shows the progress until `ended` is aborted. Never throws: the result of the run says what went wrong. */
async function showProgress(options: FollowOptions<AnyReport>, ended: AbortSignal): Promise<void> {
  const { client, run, taskQueue, intervalMs, view } = options;
  let noWorkerShown = false;
  let blockedByShown: string | undefined;
  while (!ended.aborted) {
    // A new signal for each query: the SDK does not remove its listeners.
    const signal = AbortSignal.any([ended]);
    try {
      view.show(await client.withAbortSignal(signal, () => queryProgress(client, run, taskQueue)));
      noWorkerShown = false;
    } catch (error) {
      if (error instanceof NoWorkerError && !noWorkerShown && !ended.aborted) {
        view.note(`${error.message}. ${error.hint}`);
        noWorkerShown = true;
      }
    }
    const blockedBy = await readBlockedBy(options).catch(() => undefined);
    if (blockedBy !== undefined && blockedBy !== blockedByShown && !ended.aborted) {
      view.note(`Blocked by: ${toPrintable(blockedBy)}`);
      blockedByShown = blockedBy;
    }
    await delay(intervalMs, undefined, { signal: ended }).catch(() => undefined);
  }
}

async function readBlockedBy({
  client,
  run: { workflowId, runId },
}: FollowOptions<AnyReport>): Promise<string | undefined> {
  return findBlockedBy(client, await client.workflow.getHandle(workflowId, runId).describe());
}
