import type { Priority } from '@temporalio/common';

/** Temporal takes no more. */
const LONGEST_KEY = 64;

/**
 * Runs that share workers get their turns in equal parts, however large they are: a run's children and activities inherit
 * its key.
 *
 * Temporal's schedules pass no key on.
 *
 * @param id Workflow id: its end, where it is too long, since ids of the same kind begin alike.
 */
export function fairnessOf(id: string): Priority {
  return { fairnessKey: Buffer.from(id).subarray(-LONGEST_KEY).toString('utf8').replaceAll('\uFFFD', '') };
}
