/** Notices that nothing changes any more in a run. */
import { CancellationScope, condition, sleep } from '@temporalio/workflow';
import type { Stuck } from '../../protocol/index.js';
import { type ControlledState, isOpen, publishRunState, untilResumed } from './control.js';
import { formatTime } from './times.js';

interface WatchedState extends ControlledState {
  lastChangeMs: number | null;
}

interface WatchOptions {
  stuckAfterMs: number;
  /** A text that differs as soon as something has changed. */
  toKey: () => string;
  /** What a person can do. A sentence or more. */
  advise: () => string;
  /** Called when the run has got stuck, and when something has changed again. */
  publish: () => void;
}

/**
 * Calls the run stuck while nothing has changed for `stuckAfterMs`. A paused run is not: its time begins when it is resumed. There is one
 * timer at a time, and the next one is started when it has fired. So neither polls nor changes add to the history.
 */
export function watchForStuck(state: WatchedState, options: WatchOptions): void {
  state.lastChangeMs ??= Date.now();
  // Continue-as-new does not keep what was published.
  if (state.stuck !== null) publishRunState(state);
  CancellationScope.nonCancellable(() => Promise.all([noticeChanges(state, options), noticeQuiet(state, options)]));
}

async function noticeChanges(state: WatchedState, { toKey, publish }: WatchOptions): Promise<never> {
  const toWholeKey = () => [state.phase, state.control.pause !== null, toKey()].join(' ');
  for (let known = toWholeKey(); ; known = toWholeKey()) {
    await condition(() => toWholeKey() !== known);
    state.lastChangeMs = Date.now();
    if (state.stuck === null) continue;
    setStuck(state, null);
    publish();
  }
}

async function noticeQuiet(state: WatchedState, { stuckAfterMs, advise, publish }: WatchOptions): Promise<never> {
  for (;;) {
    await condition(() => state.stuck === null && isOpen(state));
    if (state.control.pause !== null) {
      await untilResumed(state);
      state.lastChangeMs = Date.now();
      continue;
    }
    const sinceMs = state.lastChangeMs ?? Date.now();
    const remainingMs = sinceMs + stuckAfterMs - Date.now();
    if (remainingMs > 0) {
      await sleep(remainingMs, { summary: 'Notice that nothing changes' });
      continue;
    }
    setStuck(state, { since: new Date(sinceMs).toISOString(), advice: advise() });
    publish();
  }
}

export function setStuck(state: ControlledState, stuck: Stuck | null): void {
  if (state.stuck === stuck) return;
  state.stuck = stuck;
  publishRunState(state);
}

/** A sentence for the details; `null` for a run that is not stuck. */
export function describeStuck({ stuck }: ControlledState): string | null {
  return stuck === null ? null : `Nothing has changed since ${formatTime(Date.parse(stuck.since))}. ${stuck.advice}`;
}
