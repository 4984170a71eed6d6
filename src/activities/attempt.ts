import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { type Operation, toFailure } from './failure.js';
import { ResultMissing } from './result-missing.js';

/** Well under the heartbeat timeout that the workflows set, 30 s; the SDK sends as many of them as that one needs. */
const HEARTBEAT_INTERVAL_MS = 5_000;

/** What one attempt leaves for the next, through the heartbeat: it costs no history, and outlives the worker. */
const memorySchema = z.object({
  /** When the key was first rejected, epoch milliseconds of the server's clock. */
  unauthorizedSinceMs: z.number().optional().catch(undefined),
  /** When a job was first seen to be COMPLETED without its result, by the same clock. */
  missingSinceMs: z.number().optional().catch(undefined),
  /** What the activity itself wants to know again. */
  kept: z.unknown().optional(),
});
type AttemptMemory = Partial<z.infer<typeof memorySchema>>;

export interface Attempt {
  /** Aborts when the activity is cancelled: pass it to every request. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly number: number;
  /** When this attempt was scheduled, by the Temporal server's clock, epoch milliseconds. */
  readonly nowMs: number;
  /** When the first attempt was scheduled, by the same clock. */
  readonly firstMs: number;
  /** Milliseconds from the first attempt to this one. */
  readonly ageMs: number;
  /** What the attempt before has kept, of whatever shape. */
  readonly kept: unknown;
  /** Keeps something for the attempts to come. */
  keep(value: unknown): void;
}

/**
 * Runs one attempt of an activity: heartbeats while it runs, so that cancellation and a dead worker are noticed, and turns
 * whatever it throws into a failure of the table.
 *
 * @param what For the messages, such as `batch bat-...`.
 */
export async function attempt<T>(
  operation: Operation,
  what: string,
  run: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { info, cancellationSignal: signal } = context;
  const before = memoryOf(info.heartbeatDetails);
  let { kept } = before;
  const beat = (memory: AttemptMemory) => context.heartbeat(kept === undefined ? memory : { ...memory, kept });
  const nowMs = info.currentAttemptScheduledTimestampMs;
  const firstMs = info.scheduledTimestampMs;
  const startedMs = performance.now();
  const timer = setInterval(() => beat(before), HEARTBEAT_INTERVAL_MS);
  try {
    return await run({
      signal,
      number: info.attempt,
      nowMs,
      firstMs,
      ageMs: nowMs - firstMs,
      kept,
      keep: (value) => {
        kept = value;
      },
    });
  } catch (error) {
    // A cancelled activity has to end with the cancellation, whatever the aborted request made of it.
    if (signal.aborted) throw signal.reason;
    const { unauthorizedSinceMs = nowMs, missingSinceMs = nowMs } = before;
    const endMs = nowMs + performance.now() - startedMs;
    const failure = toFailure(error, {
      operation,
      what,
      ageMs: nowMs - firstMs,
      unauthorizedMs: nowMs - unauthorizedSinceMs,
      missingMs: nowMs - missingSinceMs,
      // A scheduleToCloseTimeout of 0 is none.
      leftMs: info.scheduleToCloseTimeoutMs > 0 ? firstMs + info.scheduleToCloseTimeoutMs - endMs : Infinity,
    });
    if (failure === undefined) throw error;
    if (failure.type === 'NotAuthorized') beat({ unauthorizedSinceMs });
    else if (error instanceof ResultMissing) beat({ missingSinceMs });
    // No answer says nothing about the key; any other shows that it is good again.
    else beat(failure.type === 'ServiceUnavailable' ? before : {});
    throw failure;
  } finally {
    clearInterval(timer);
  }
}

function memoryOf(details: unknown): AttemptMemory {
  const parsed = memorySchema.safeParse(details);
  return parsed.success ? parsed.data : {};
}
