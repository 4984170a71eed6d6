import { z } from 'zod';
import {
  DEFAULT_MAX_CONCURRENT_BATCHES,
  type DirectoriesRequest,
  LARGEST_MAX_CONCURRENT_BATCHES,
  MOST_DIRECTORIES,
  type ProcessDirectoriesInput,
  REPORTED_FAILURES_OF_MANY,
} from '../../protocol/index.js';
import { batchOptions } from './batch.js';
import { batchJob, fits, id, must, WRONG_FORMAT } from './schemas.js';
import { validated } from './validated.js';

/** Said beside whatever else is wrong with the list, and by its places: an id may be a secret in the wrong field. */
const directoryIds = z
  .array(id)
  .min(1)
  .max(MOST_DIRECTORIES)
  .refine((ids) => repeatIn(ids) === undefined, {
    error: ({ input }) => `has a directory twice: ${repeatIn(input)}`,
    when: ({ value }) => Array.isArray(value),
  });

/** The first that has been there before. */
function repeatIn(ids: unknown): string | undefined {
  const places = new Map<unknown, number>();
  for (const [place, directoryId] of (Array.isArray(ids) ? ids : []).entries()) {
    const before = places.get(directoryId);
    if (before !== undefined) return `number ${place} is the same as number ${before}`;
    places.set(directoryId, place);
  }
  return undefined;
}

/** Strict, so that a misspelt option is an error and not a default. */
export const directoriesInputSchema = z
  .strictObject({
    ...batchOptions,
    directoryIds,
    job: batchJob,
    maxConcurrentBatches: z.int().min(1).max(LARGEST_MAX_CONCURRENT_BATCHES).optional(),
    reportedFailures: z.int().min(0).max(REPORTED_FAILURES_OF_MANY).optional(),
  })
  .refine(({ job, collect }) => fits(job.type, collect), must('collect', WRONG_FORMAT, ['job']));

/** @throws `InvalidInput` naming every wrong field. */
export function resolveDirectoriesInput(input: ProcessDirectoriesInput): DirectoriesRequest {
  const { directoryIds, job, maxConcurrentBatches } = validated(directoriesInputSchema, input, 'processDirectories');
  return {
    job,
    maxConcurrentBatches: maxConcurrentBatches ?? DEFAULT_MAX_CONCURRENT_BATCHES,
    total: directoryIds.length,
  };
}
