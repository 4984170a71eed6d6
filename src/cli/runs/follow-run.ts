import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { RunHandle } from '../../client/index.js';
import type { ProcessSignals } from '../process-signals.js';
import { toPrintable } from '../text.js';
import { fromReport } from './ended-progress.js';
import type { ProgressView } from './progress-view.js';
import { isNoAnswer, queryProgress } from './query-progress.js';
import type { AnyProgress, AnyReport } from './run-types.js';

export interface FollowOptions<Report extends AnyReport> {
  readonly client: Client;
  readonly run: RunHandle<Report, AnyProgress>;
  readonly signals: ProcessSignals;
  /** Time between two queries, in milliseconds. */
  readonly intervalMs: number;
  readonly view: ProgressView;
}

/**
 * Shows the progress of a run until it ends, and returns its report. While the run does not answer, it says why once and goes on.
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
  const { client, run, signals, intervalMs, view } = options;
  const notes = new Notes(view);
  while (!ended.aborted) {
    // Ctrl-C aborts the query. The end of the run does not: the worker would warn that the query it answers is gone.
    // A new signal for each query, since the SDK does not remove its listeners.
    const signal = AbortSignal.any([signals.abortSignal]);
    try {
      const progress = await client.withAbortSignal(signal, () => queryProgress(run));
      notes.setBatchId('batchId' in progress ? progress.batchId : null);
      view.show(progress);
      notes.setBlockedBy(ended.aborted ? null : progress.blockedBy);
      notes.setNoAnswer(undefined);
    } catch (error) {
      if (!ended.aborted) notes.setNoAnswer(isNoAnswer(error) ? error : undefined);
    }
    await delay(intervalMs, undefined, { signal: ended }).catch(() => undefined);
  }
}

/** Prints each note once, between two progress lines. */
class Notes {
  readonly #view: ProgressView;
  #hasBatchId = false;
  #noAnswer: string | undefined;
  #blockedBy: string | null = null;

  constructor(view: ProgressView) {
    this.#view = view;
  }

  /** Not part of the progress line, which would be too long for a terminal. */
  setBatchId(batchId: string | null): void {
    if (batchId === null || this.#hasBatchId) return;
    this.#hasBatchId = true;
    this.#view.note(`Batch ${batchId}`);
  }

  setBlockedBy(blockedBy: string | null): void {
    if (blockedBy === null || blockedBy === this.#blockedBy) return;
    this.#blockedBy = blockedBy;
    this.#view.note(`Blocked by: ${toPrintable(blockedBy)}`);
  }

  setNoAnswer(error: Error | undefined): void {
    if (error !== undefined && error.message !== this.#noAnswer) this.#view.note(error.message);
    this.#noAnswer = error?.message;
  }
}
