/** Temporal's limit. */
const MAX_FAIRNESS_KEY_BYTES = 64;

/**
 * Returns the fairness key of a run, made of its workflow id. With it, Temporal gives runs that share workers equal shares of
 * them, whatever their size. Children and activities inherit the key. A Temporal Schedule can't set one.
 *
 * @param workflowId The end of a long id is used: ids of one kind start alike.
 */
export function toFairnessKey(workflowId: string): string {
  const end = Buffer.from(workflowId).subarray(-MAX_FAIRNESS_KEY_BYTES).toString('utf8');
  // The cut may split a character.
  return end.replaceAll('\uFFFD', '');
}
