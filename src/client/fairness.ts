import type { Priority } from '@temporalio/common';

/** Temporal's limit. */
const MAX_FAIRNESS_KEY_BYTES = 64;

/**
 * Returns the priority of a run with its workflow id as fairness key. Temporal then gives runs that share workers equal shares
 * of them, whatever their size. Children and activities inherit the key. A Temporal Schedule can't set one.
 *
 * @param workflowId The end of a long id is used: ids of one kind start alike.
 */
export function toPriority(workflowId: string): Priority {
  const end = Buffer.from(workflowId).subarray(-MAX_FAIRNESS_KEY_BYTES).toString('utf8');
  // The cut may split a character.
  return { fairnessKey: end.replaceAll('\uFFFD', '') };
}
