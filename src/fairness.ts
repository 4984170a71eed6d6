import type { Priority } from '@temporalio/common';

/** Temporal's limit. */
const MAX_KEY_BYTES = 64;

/**
 * Gives runs that share workers equal shares of them, however large each run is: a run's children and activities inherit its
 * key. Runs of a schedule have no key: Temporal's schedules pass none on.
 *
 * @param id Workflow id. Of a long one the end is used, since ids of the same kind begin alike.
 */
export function fairnessOf(id: string): Priority {
  return { fairnessKey: Buffer.from(id).subarray(-MAX_KEY_BYTES).toString('utf8').replaceAll('\uFFFD', '') };
}
