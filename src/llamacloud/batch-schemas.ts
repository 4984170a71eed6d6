import { z } from 'zod';
import type { Redact } from './redact.js';
import { errorMessageSchema, listPageSchema, MAX_ID_BYTES, optionalTime, pathId } from './schema-fields.js';

/** Result of one file of a batch. A field with an invalid value is missing or null. */
export interface BatchResult {
  /** Source directory file (`dfl-...`). */
  source_directory_file_id?: string | undefined;
  /** The type is open: LlamaCloud may add products. */
  job_reference?: { id: string; type: string } | null | undefined;
  error_message?: string | null | undefined;
}

/** A batch (`bat-...`). */
export type Batch = z.infer<ReturnType<typeof createBatchSchemas>['batch']>;

/** A batch of a list. `id` is `null` if it cannot be used. */
export type ListedBatch = z.infer<ReturnType<typeof createBatchSchemas>['listed']>;

/** @param redact Removes secrets from the error messages in the responses. */
export function createBatchSchemas(redact: Redact) {
  const results = z.array(batchResultSchema(redact)).nullish();
  const batch = z.looseObject({
    id: pathId,
    status: z.string(),
    source_directory_id: z.string().min(1).optional().catch(undefined),
    config: z
      .looseObject({ job: z.looseObject({ type: z.string(), configuration_id: z.string().min(1) }) })
      .optional()
      .catch(undefined),
    error_message: errorMessageSchema(redact),
    created_at: optionalTime,
    results,
  });
  const unusedResults = results.catch(undefined);
  const listed = batch.extend({
    id: pathId.nullable().catch(null),
    status: z.string().catch('UNKNOWN'),
    results: unusedResults,
  });
  return {
    batch,
    listed,
    /** Response of the request that creates a batch. Only the id is needed: a rejected response would lose a batch that costs money. */
    created: batch.extend({ status: z.string().catch('PENDING'), results: unusedResults }),
    page: listPageSchema(listed),
  };
}

const jobReference = z.looseObject({ id: pathId, type: z.string().min(1).max(MAX_ID_BYTES) }).nullish();

/** A malformed row does not fail the batch: it stays in the list, with the fields that are valid. */
function batchResultSchema(redact: Redact) {
  const row = z
    .looseObject({
      source_directory_file_id: z.string().min(1).optional().catch(undefined),
      job_reference: z.unknown().optional(),
      error_message: errorMessageSchema(redact),
    })
    .transform((row): BatchResult => {
      const reference = jobReference.safeParse(row.job_reference);
      if (reference.success) return { ...row, job_reference: reference.data };
      const part = reference.error.issues.every(({ path }) => path[0] === 'type') ? 'type' : 'id';
      const problem = `LlamaCloud returned an unusable job ${part}`;
      return { ...row, job_reference: null, error_message: row.error_message || problem };
    });
  return z.union([row, z.unknown().transform((): BatchResult => ({}))]);
}
