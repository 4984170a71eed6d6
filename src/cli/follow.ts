import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { RunHandle } from '../client/index.js';
import { type AnyProgress, type AnyReport, type AnyRun, finalProgress } from './any-run.js';
import { CliError } from './errors.js';
import { statusOf } from './explain.js';
import type { Interrupt } from './interrupt.js';
import type { ProgressView } from './progress-view.js';
import { findTrouble } from './run-status.js';
import { printable } from './text.js';

/** A worker answers in milliseconds. */
const QUERY_TIMEOUT_MS = 5_000;

/** gRPC codes: cancelled and deadline exceeded (either can come of our deadline), failed precondition (no poller). */
const NOBODY_THERE: ReadonlySet<number | undefined> = new Set([1, 4, 9]);

/** No worker answered the query. */
export class NoWorker extends CliError {
  override readonly type = 'NoWorker';

  constructor(taskQueue: string, cause: unknown) {
    super(
      `No worker answers on task queue ${taskQueue}, so nobody can say how far the run is`,
      'Start one: temporal-llamacloud worker',
      cause,
    );
  }
}

/** Asks a run how far it is. @throws NoWorker when nobody answers within a few seconds. */
export async function askProgress(client: Client, run: AnyRun, taskQueue: string): Promise<AnyProgress> {
  try {
    return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => run.progress());
  } catch (error) {
    if (NOBODY_THERE.has(statusOf(error)?.code)) throw new NoWorker(taskQueue, error);
    throw error;
  }
}

export interface Following<Report extends AnyReport> {
  readonly client: Client;
  readonly run: RunHandle<Report, AnyProgress>;
  readonly taskQueue: string;
  readonly interrupt: Interrupt;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  readonly view: ProgressView;
}

/**
 * Shows how far a run is until it ends, and returns its report. Being without a worker for a while is said once, and
 * waited for: the run goes on when one comes.
 *
 * @throws Interrupted; what `RunHandle.result()` throws
 */
export async function follow<Report extends AnyReport>({
  client,
  run,
  taskQueue,
  interrupt,
  everyMs,
  view,
}: Following<Report>): Promise<Report> {
  const ended = new AbortController();
  const result = run.result().finally(() => ended.abort());
  const watching = (async () => {
    let warned = false;
    let said: string | undefined;
    while (!ended.signal.aborted) {
      // A signal of its own for each: the SDK leaves its listeners on the signal.
      const signal = AbortSignal.any([ended.signal]);
      const asked = client.withAbortSignal(signal, () => askProgress(client, run, taskQueue));
      const progress = await asked.catch((error: unknown) => {
        if (error instanceof NoWorker && !warned && !ended.signal.aborted) {
          view.note(`  ${error.message}. ${error.hint}`);
          warned = true;
        }
        return undefined;
      });
      if (progress !== undefined) {
        view.show(progress);
        warned = false;
      }
      const trouble = await troubleOf(client, run).catch(() => undefined);
      if (trouble !== undefined && trouble !== said && !ended.signal.aborted) view.note(`  ${printable(trouble)}`);
      said = trouble ?? said;
      await delay(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();
  try {
    const report = await interrupt.race(result);
    await watching;
    view.show(finalProgress(report));
    return report;
  } finally {
    ended.abort();
    await watching;
    view.end();
  }
}

/** What the run can't get past right now. */
async function troubleOf(client: Client, { workflowId, runId }: AnyRun): Promise<string | undefined> {
  return findTrouble(client, await client.workflow.getHandle(workflowId, runId).describe());
}
