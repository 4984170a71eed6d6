/** The pause of an account by a person: Temporal's rate limit of 0 on the activities of the task queue. */
import type { Pause } from './control.js';
import { cleanText } from './text.js';

/** `TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY` of Temporal's API. */
export const ACTIVITY_TASK_QUEUE_TYPE = 2;

/** The part of `TaskQueueConfig` that is read, of Temporal's API. */
export interface TaskQueueLimit {
  queueRateLimit?: {
    rateLimit?: { requestsPerSecond?: number | null } | null;
    metadata?: {
      reason?: string | null;
      updateIdentity?: string | null;
      updateTime?: { seconds?: { toString(): string } | null } | null;
    } | null;
  } | null;
}

/** Activities per second that a person has set for the queue; `null`: what the workers say holds. */
export function readQueueLimit(config: TaskQueueLimit | null | undefined): number | null {
  const limit = config?.queueRateLimit?.rateLimit;
  return limit == null ? null : (limit.requestsPerSecond ?? 0);
}

/** `null` if the account is not paused. */
export function toAccountPause(config: TaskQueueLimit | null | undefined): Pause | null {
  if (readQueueLimit(config) !== 0) return null;
  const { reason, updateIdentity, updateTime } = config?.queueRateLimit?.metadata ?? {};
  return {
    reason: cleanText(reason ?? '', 500) || null,
    by: cleanText(updateIdentity ?? '', 100) || null,
    since: new Date(Number(updateTime?.seconds ?? 0) * 1_000).toISOString(),
  };
}

/** For people who look at a run. */
export function describeAccountPause({ by, since, reason }: Pause): string {
  const who = by === null ? '' : ` by ${by}`;
  return `The account is paused${who} since ${since}${reason === null ? '' : `: ${reason}`}`;
}
