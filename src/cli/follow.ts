import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { RunHandle, RunProgress } from '../client/index.js';
import { NoWorkerError } from '../client/no-worker-error.js';
import { type AnyProgress, type AnyReport, type AnyRun, finalProgress } from './any-run.js';
import { CliError } from './errors.js';
import type { Interrupt } from './interrupt.js';
import type { ProgressView } from './progress-view.js';
import { printable } from './text.js';

/** A worker answers in milliseconds. */
const QUERY_TIMEOUT_MS = 5_000;

/** No worker answered the query. */
export class NoWorker extends CliError {
  override readonly type = 'NoWorker';

  constructor(cause: NoWorkerError) {
    super(
      `No worker answers on task queue ${cause.taskQueue}, so nobody can say how far the run is`,
      'Start one: temporal-llamacloud worker',
      cause,
    );
  }
}

/** Asks a run how far it is. @throws NoWorker when nobody answers within a few seconds. */
export async function askProgress(run: AnyRun): Promise<RunProgress<AnyProgress>> {
  try {
    return await run.progress({ timeoutMs: QUERY_TIMEOUT_MS });
  } catch (error) {
    if (error instanceof NoWorkerError) throw new NoWorker(error);
    throw error;
  }
}

export interface Following<Report extends AnyReport> {
  readonly client: Client;
  readonly run: RunHandle<Report, AnyProgress>;
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
  interrupt,
  everyMs,
  view,
}: Following<Report>): Promise<Report> {
  const ended = new AbortController();
  const result = run.result().finally(() => ended.abort());
  const watching = (async () => {
    let warned = false;
    let said: string | null = null;
    while (!ended.signal.aborted) {
      // Ctrl-C aborts the query, the end of the run does not: the worker would warn that the query it answers is gone.
      // A signal of its own for each query: the SDK leaves its listeners on the signal.
      const signal = AbortSignal.any([interrupt.signal]);
      const asked = client.withAbortSignal(signal, () => askProgress(run));
      const progress = await asked.catch((error: unknown) => {
        if (error instanceof NoWorker && !warned && !ended.signal.aborted) {
          view.note(`  ${error.message}. ${error.hint}`);
          warned = true;
        }
        return undefined;
      });
      if (progress !== undefined) {
        const { blockedBy } = progress;
        view.show(progress);
        warned = false;
        if (blockedBy !== null && blockedBy !== said && !ended.signal.aborted) view.note(`  ${printable(blockedBy)}`);
        said = blockedBy ?? said;
      }
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
