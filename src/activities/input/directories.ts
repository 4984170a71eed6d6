import { z } from 'zod';
import {
  DEFAULT_MAX_CONCURRENT_BATCHES,
  type DirectoriesRequest,
  MAX_CONCURRENT_BATCHES_LIMIT,
  MAX_DIRECTORIES,
  MAX_REPORTED_FAILURES_PER_BATCH,
  type ProcessDirectoriesInput,
} from '../../protocol/index.js';
import { batchOptions } from './batch.js';
import { batchJob, crossFieldRule, id, isSupported, UNSUPPORTED_FORMAT } from './schemas.js';
import { validated } from './validated.js';

/** A repeated id is named by its positions, since an id may be a secret in the wrong field, and beside other wrong items. */
const directoryIds = z
  .array(id)
  .min(1)
  .max(MAX_DIRECTORIES)
  .refine((ids) => repeatIn(ids) === undefined, {
    error: ({ input }) => `has a directory twice: ${repeatIn(input)}`,
    when: ({ value }) => Array.isArray(value),
  });

/** Describes the first id that repeats another. */
function repeatIn(ids: unknown): string | undefined {
  const places = new Map<unknown, number>();
  for (const [place, directoryId] of (Array.isArray(ids) ? ids : []).entries()) {
    const before = places.get(directoryId);
    if (before !== undefined) return `number ${place} is the same as number ${before}`;
    places.set(directoryId, place);
  }
  return undefined;
}

/** Strict: a misspelt option is an error, and not silently the default. */
export const directoriesInputSchema = z
  .strictObject({
    ...batchOptions,
    directoryIds,
    job: batchJob,
    maxConcurrentBatches: z.int().min(1).max(MAX_CONCURRENT_BATCHES_LIMIT).optional(),
    reportedFailures: z.int().min(0).max(MAX_REPORTED_FAILURES_PER_BATCH).optional(),
  })
  .refine(({ job, collect }) => isSupported(job.type, collect), crossFieldRule('collect', UNSUPPORTED_FORMAT, ['job']));

/** @throws `InvalidInput` naming every wrong field. */
export function checkDirectoriesInput(input: ProcessDirectoriesInput): DirectoriesRequest {
  const { directoryIds, job, maxConcurrentBatches } = validated(directoriesInputSchema, input, 'processDirectories');
  return {
    job,
    maxConcurrentBatches: maxConcurrentBatches ?? DEFAULT_MAX_CONCURRENT_BATCHES,
    total: directoryIds.length,
  };
}
