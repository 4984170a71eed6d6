/**
 * Times in the details. The UI shows the details as they were when the run last changed them, so a time is one of the clock: "in 5 minutes"
 * would soon be wrong.
 */
import { type FileCounts, type ResolvedPoll, settledCount } from '../../protocol/index.js';

/** `2026-11-28 09:24:12 UTC`. */
export function formatTime(ms: number): string {
  // A person can send any time in a signal, and `toISOString` throws.
  if (Number.isNaN(new Date(ms).getTime())) return 'an unknown time';
  return new Date(ms).toISOString().replace(/^(.*)T(.*)\..*$/, '$1 $2 UTC');
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `45 s`, `12 min`, `3 h`, `6 d`: the next smaller unit is used below two of a unit. */
export function formatDuration(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.ceil(ms / 1_000)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} d`;
}

/** Where the UI shows when an activity that polls, or has failed, runs again. Only Temporal's server knows the time. */
export function renderNextRetry(activityType: string): string {
  return `*Next Retry* of \`${activityType}\` in *Pending Activities*`;
}

/** The longest wait between two polls. */
export function renderNextPoll({ initialInterval, latencyRatio, maximumInterval }: ResolvedPoll, activityType: string) {
  const longestMs = latencyRatio === 0 ? initialInterval : maximumInterval;
  return `at most ${formatDuration(longestMs)} after the last one. When: ${renderNextRetry(activityType)}`;
}

/** Below this share of completed ones, a slow or quick one would say too much. Failures alone say nothing: they often come at once. */
const MIN_COMPLETED_SHARE = 0.05;

/**
 * How long the rest takes if it goes on as it has since `sinceMs`.
 *
 * @param counts Of files, or of directories.
 * @param sinceMs When the first of them could have ended, epoch milliseconds.
 */
export function renderTimeLeft(counts: FileCounts, sinceMs: number, nowMs: number): string {
  const settled = settledCount(counts);
  const hasTooFew = counts.completed === 0 || counts.completed < MIN_COMPLETED_SHARE * counts.total;
  if (hasTooFew || nowMs <= sinceMs) return 'not known yet';
  const leftMs = ((nowMs - sinceMs) / settled) * (counts.total - settled);
  return `about ${formatDuration(leftMs)}, until ${formatTime(nowMs + leftMs)}`;
}
