import { z } from 'zod';
import type { Redact } from './redact.js';
import {
  errorMessageSchema,
  listPageSchema,
  MAX_ID_LENGTH,
  optionalText,
  optionalTime,
  usableId,
} from './schema-fields.js';

/** One file of a batch. Each field is missing or null where LlamaCloud's value does not fit. */
export interface BatchResult {
  /** Directory file (`dfl-...`). */
  source_directory_file_id?: string | undefined;
  /** The type is open: LlamaCloud may add products. */
  job_reference?: { id: string; type: string } | null | undefined;
  error_message?: string | null | undefined;
}

/** A batch (`bat-...`). */
export type Batch = z.infer<ReturnType<typeof createBatchSchemas>['batch']>;

/** @param redact For the error messages in the responses. */
export function createBatchSchemas(redact: Redact) {
  const results = z.array(batchResultSchema(redact)).nullish();
  const batch = z.looseObject({
    id: usableId,
    status: z.string(),
    project_id: optionalText,
    source_directory_id: z.string().min(1).optional().catch(undefined),
    config: z
      .looseObject({ job: z.looseObject({ type: z.string(), configuration_id: z.string().min(1) }) })
      .optional()
      .catch(undefined),
    error_message: errorMessageSchema(redact),
    created_at: optionalTime,
    updated_at: optionalText,
    results,
  });
  const unusedResults = results.catch(undefined);
  return {
    batch,
    /** A create needs an id and nothing more: without it, a batch that costs money would be lost. */
    created: batch.extend({ status: z.string().catch('PENDING'), results: unusedResults }),
    /** A batch of which only the id can be read is still a batch. */
    page: listPageSchema(batch.extend({ status: z.string().catch('UNKNOWN'), results: unusedResults })),
  };
}

const jobReference = z.looseObject({ id: usableId, type: z.string().min(1).max(MAX_ID_LENGTH) }).nullish();

/** Each row is read by itself: a malformed one keeps its place, with what can be read of it. */
function batchResultSchema(redact: Redact) {
  const row = z
    .looseObject({
      source_directory_file_id: z.string().optional().catch(undefined),
      job_reference: z.unknown().optional(),
      error_message: errorMessageSchema(redact),
    })
    .transform((row): BatchResult => {
      const reference = jobReference.safeParse(row.job_reference);
      if (reference.success) return { ...row, job_reference: reference.data };
      const part = reference.error.issues.every(({ path }) => path[0] === 'type') ? 'type' : 'id';
      const problem = `LlamaCloud gave a job ${part} that cannot be used`;
      return { ...row, job_reference: null, error_message: row.error_message || problem };
    });
  return z.union([row, z.unknown().transform((): BatchResult => ({}))]);
}
