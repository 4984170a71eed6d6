/** Result of a `createBatch` workflow. */
export interface CreatedBatch {
  batchId: string;
  /** Last status seen. */
  status: string;
}

/** The batch that the failure of a `createBatch` has as its first detail: one that could not be cancelled. */
export function findBatchInFailure(failure: unknown): CreatedBatch | null {
  const details = failure instanceof Error && 'details' in failure ? failure.details : undefined;
  const batch: unknown = Array.isArray(details) ? details[0] : undefined;
  return isCreatedBatch(batch) ? batch : null;
}

/** Detail of the failure of a `createBatch` that may have created a batch which it does not know. */
export const MAY_HAVE_LEFT_BATCH = { mayHaveLeftBatch: true };

export function mayHaveLeftBatch(failure: unknown): boolean {
  const details = failure instanceof Error && 'details' in failure ? failure.details : undefined;
  if (!Array.isArray(details)) return false;
  return details.some(
    (detail: unknown) => typeof detail === 'object' && detail !== null && 'mayHaveLeftBatch' in detail,
  );
}

function isCreatedBatch(value: unknown): value is CreatedBatch {
  if (typeof value !== 'object' || value === null || !('batchId' in value) || !('status' in value)) return false;
  return typeof value.batchId === 'string' && typeof value.status === 'string';
}
