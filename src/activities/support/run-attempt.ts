import { Context } from '@temporalio/activity';
import type { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { bypassAccountGate } from '../account/account-gate.js';
import { type Operation, type TimeLimitedFailure, toFailure } from './to-failure.js';

/** Well under the heartbeat timeout of 30 s that the workflows set. The SDK sends only as many heartbeats as it needs. */
const HEARTBEAT_INTERVAL_MS = 5_000;

/** When each time-limited failure first happened, epoch milliseconds by the Temporal server's clock. */
const sinceSchema = z.object({
  NotAuthorized: z.number().optional().catch(undefined),
  NotFound: z.number().optional().catch(undefined),
  ResultMissing: z.number().optional().catch(undefined),
});

/** What one attempt passes on to the next, as heartbeat details: they need no history and outlive the worker. */
const heartbeatSchema = z.object({
  failingSinceMs: sinceSchema.optional().catch(undefined),
  /** Attempts since then that have failed like this. */
  failures: z.number().optional().catch(undefined),
  /** Saved by the activity itself. */
  progress: z.unknown().optional(),
});
type HeartbeatDetails = z.infer<typeof heartbeatSchema>;

export interface Attempt {
  /** Aborts when the activity is cancelled: pass it to every request. */
  readonly signal: AbortSignal;
  /** Of the attempt: 1 is the first, also after a `temporal activity reset`. */
  readonly number: number;
  /** When this attempt was scheduled, epoch milliseconds by the Temporal server's clock. */
  readonly nowMs: number;
  /** Milliseconds from the first attempt to this one, by the same clock. */
  readonly ageMs: number;
  /** Whether this is the first attempt. False after a retry and after a `temporal activity reset`. */
  readonly isFirst: boolean;
  /** Milliseconds since the first failure of this kind. A response of another kind starts it again at 0, an outage does not. */
  failingMs(kind: TimeLimitedFailure): number;
  /** Milliseconds from now until the activity's deadline, less `reserveMs`; `Infinity` without a deadline. */
  remainingMs(): number;
  /** What the previous attempt saved. Not validated: it may be from another version. */
  readonly progress: unknown;
  /** Saves a value for the next attempts. */
  saveProgress(value: unknown): void;
}

/**
 * Runs one attempt of an activity. Heartbeats while it runs, so that a cancellation and a lost worker are noticed, and turns errors
 * into the failure types in FAILURES.
 *
 * @param what For the messages, such as `batch bat-...`.
 * @param reserveMs Time before the deadline that the last attempt gets to return what is known, in milliseconds. Default: none.
 */
export async function runAttempt<T>(
  operation: Operation,
  what: string,
  run: (attempt: Attempt) => Promise<T>,
  reserveMs = 0,
): Promise<T> {
  const context = Context.current();
  const { info, cancellationSignal: signal } = context;
  const before = toHeartbeatDetails(info.heartbeatDetails);
  let { progress } = before;
  const { progress: _, ...failingBefore } = before;
  const heartbeat = (failing: Pick<HeartbeatDetails, 'failingSinceMs' | 'failures'>) =>
    context.heartbeat({ ...failing, ...(progress !== undefined && { progress }) });
  const nowMs = info.currentAttemptScheduledTimestampMs;
  const ageMs = nowMs - info.scheduledTimestampMs;
  const startedMs = performance.now();
  // A scheduleToCloseTimeout of 0 means that there is no deadline.
  const timeoutMs = info.scheduleToCloseTimeoutMs > 0 ? info.scheduleToCloseTimeoutMs : Number.POSITIVE_INFINITY;
  const remainingMs = () => timeoutMs - reserveMs - ageMs - (performance.now() - startedMs);
  const since = before.failingSinceMs ?? {};
  const failingMs = (kind: TimeLimitedFailure) => nowMs - (since[kind] ?? nowMs);
  const failures = (kind: TimeLimitedFailure) => (since[kind] === undefined ? 0 : (before.failures ?? 1));
  // What a person stops costs money: it is tried even while no other request is sent.
  const runPastGate = operation === 'cancel' ? (attempt: Attempt) => bypassAccountGate(() => run(attempt)) : run;
  const timer = setInterval(() => heartbeat(failingBefore), HEARTBEAT_INTERVAL_MS);
  try {
    return await runPastGate({
      signal,
      number: info.attempt,
      nowMs,
      ageMs,
      isFirst: info.attempt === 1 && ageMs < FIRST_ATTEMPT_MS,
      remainingMs,
      failingMs,
      progress,
      saveProgress: (value) => {
        progress = value;
      },
    });
  } catch (error) {
    if (signal.aborted) {
      // A worker that shuts down cancels as well: the attempt on the next worker goes on from here.
      heartbeat(failingBefore);
      // A cancelled activity ends as cancelled, whatever the aborted request threw.
      throw signal.reason;
    }
    const elapsedMs = performance.now() - startedMs;
    // Of the failure, not of its attempt: a long download that breaks gets a second try.
    const failedAtMs = nowMs + Math.round(elapsedMs);
    const { failure, timeLimited } = toFailure(error, {
      operation,
      what,
      ageMs,
      failingMs,
      failures,
      remainingMs: remainingMs(),
    });
    if (timeLimited !== undefined)
      heartbeat({
        failingSinceMs: { [timeLimited]: since[timeLimited] ?? failedAtMs },
        failures: failures(timeLimited) + 1,
      });
    else heartbeat(keepsTimers(failure) ? failingBefore : {});
    throw failure;
  } finally {
    clearInterval(timer);
  }
}

/** These say nothing about the key, the id or the document. Any other response of LlamaCloud resets the timers. */
function keepsTimers({ type }: ApplicationFailure): boolean {
  return type === 'ServiceUnavailable' || type === 'RateLimited' || type === 'OutputFailed' || type === 'AccountPaused';
}

/** Temporal gives the first attempt of an activity two equal times. Test servers give times a few milliseconds apart. */
const FIRST_ATTEMPT_MS = 500;

function toHeartbeatDetails(details: unknown): HeartbeatDetails {
  const parsed = heartbeatSchema.safeParse(details);
  return parsed.success ? parsed.data : {};
}
