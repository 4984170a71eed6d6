import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { RunHandle } from '../../client/index.js';
import type { Stuck } from '../../protocol/index.js';
import type { ProcessSignals } from '../process-signals.js';
import { toPrintable } from '../text.js';
import { fromReport } from './ended-progress.js';
import { PaceMeter } from './pace.js';
import { readLastFailures, renderStuck } from './progress-details.js';
import type { ProgressView } from './progress-view.js';
import { isNoAnswer, queryProgress } from './query-progress.js';
import type { AnyProgress, AnyReport } from './run-types.js';
import { isOutage, type TemporalOutage } from './temporal-outage.js';

export interface FollowOptions<Report extends AnyReport> {
  readonly client: Client;
  readonly run: RunHandle<Report, AnyProgress>;
  readonly signals: ProcessSignals;
  /** Time between two queries, in milliseconds. */
  readonly intervalMs: number;
  readonly view: ProgressView;
  /** Says when Temporal can't be reached. Several runs may share it. */
  readonly outage: TemporalOutage;
  /** Whether failures are printed as they are seen. Default false: the report names them. */
  readonly showsFailures?: boolean;
}

/**
 * Shows the progress of a run until it ends, and returns its report. While the run does not answer, or Temporal can't be reached, it says
 * so once and goes on.
 *
 * @throws InterruptedError; what `RunHandle.result()` throws, unless Temporal can't be reached
 */
export async function followRun<Report extends AnyReport>(options: FollowOptions<Report>): Promise<Report> {
  const { signals, view } = options;
  const ended = new AbortController();
  const result = readResult(options, ended.signal).finally(() => ended.abort());
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

/** The SDK tries a request again for some seconds only. */
async function readResult<Report extends AnyReport>(
  { run, intervalMs, outage }: FollowOptions<Report>,
  ended: AbortSignal,
): Promise<Report> {
  for (;;) {
    const sentMs = performance.now();
    try {
      return await run.result();
    } catch (error) {
      if (ended.aborted || !isOutage(error)) throw error;
      outage.requestFailed(sentMs);
    }
    await delay(intervalMs, undefined, { signal: ended });
  }
}

/** Queries and shows the progress until `ended` is aborted. Never throws: the result of the run says what went wrong. */
async function showProgress(options: FollowOptions<AnyReport>, ended: AbortSignal): Promise<void> {
  const { client, run, signals, intervalMs, view, outage, showsFailures = false } = options;
  const notes = new Notes(view);
  const pace = new PaceMeter();
  while (!ended.aborted) {
    // Ctrl-C aborts the query. The end of the run does not: the worker would warn that the query it answers is gone.
    // A new signal for each query, since the SDK does not remove its listeners.
    const signal = AbortSignal.any([signals.abortSignal]);
    const sentMs = performance.now();
    try {
      const { blockedBy, ...progress } = await client.withAbortSignal(signal, () => queryProgress(run));
      outage.requestAnswered(sentMs);
      notes.setBatchId('batchId' in progress ? progress.batchId : null);
      if (showsFailures) notes.addFailures(progress);
      view.show(progress, { blockedBy, pace: pace.add(progress, sentMs) });
      notes.setStuck(ended.aborted ? null : progress.stuck);
      notes.setBlockedBy(ended.aborted ? null : blockedBy);
      notes.setNoAnswer(undefined);
    } catch (error) {
      if (ended.aborted) break;
      const noAnswer = isNoAnswer(error) ? error : undefined;
      notes.setNoAnswer(noAnswer);
      if (noAnswer === undefined && isOutage(error)) outage.requestFailed(sentMs);
    }
    await delay(intervalMs, undefined, { signal: ended }).catch(() => undefined);
  }
}

/** Failures printed while a run goes on. The report has more. */
const MAX_FAILURES = 20;

/** Prints each note once, between two progress lines. */
class Notes {
  readonly #view: ProgressView;
  readonly #failed = new Set<string>();
  #hasBatchId = false;
  #noAnswer: string | undefined;
  #blockedBy: string | null = null;
  #stuckSince: string | undefined;

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

  /** @param stuck `undefined` from a worker of 0.1.0. */
  setStuck(stuck: Stuck | null | undefined): void {
    if (stuck != null && stuck.since !== this.#stuckSince) this.#view.note(`Stuck: ${renderStuck(stuck)}`);
    this.#stuckSince = stuck?.since;
  }

  addFailures(progress: AnyProgress): void {
    for (const [name, message] of readLastFailures(progress)) {
      const line = `Failed: ${toPrintable(name)}: ${toPrintable(message)}`;
      if (this.#failed.has(line) || this.#failed.size > MAX_FAILURES) continue;
      this.#failed.add(line);
      this.#view.note(this.#failed.size > MAX_FAILURES ? 'There are more failures: the report lists them' : line);
    }
  }

  setNoAnswer(error: Error | undefined): void {
    if (error !== undefined && error.message !== this.#noAnswer) this.#view.note(error.message);
    this.#noAnswer = error?.message;
  }
}
