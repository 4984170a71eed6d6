import { z } from 'zod';
import {
  DEFAULT_MAX_CONCURRENT_BATCHES,
  MAX_CONCURRENT_BATCHES_LIMIT,
  MAX_DIRECTORIES,
  MAX_REPORTED_FAILURES_PER_BATCH,
  type ProcessDirectoriesInput,
  type ResolvedDirectoriesInput,
} from '../../protocol/index.js';
import { batchOptions } from './batch.js';
import { parseInput } from './parse-input.js';
import { toScope } from './resolve.js';
import { batchJob, crossFieldRule, id, isSupported, UNSUPPORTED_FORMAT } from './schemas.js';

/** A repeated id is reported by its positions: the id itself may be a secret that was put in the wrong field. */
const directoryIds = z
  .array(id)
  .min(1)
  .max(MAX_DIRECTORIES)
  .refine((ids) => describeRepeat(ids) === undefined, {
    error: ({ input }) => `must not repeat a directory: ${describeRepeat(input)}`,
    // Also beside wrong items.
    when: ({ value }) => Array.isArray(value),
  });

/** Describes the first id that repeats another. */
function describeRepeat(ids: unknown): string | undefined {
  const indexes = new Map<unknown, number>();
  for (const [index, directoryId] of (Array.isArray(ids) ? ids : []).entries()) {
    const firstIndex = indexes.get(directoryId);
    if (firstIndex !== undefined) return `directoryIds[${index}] repeats directoryIds[${firstIndex}]`;
    indexes.set(directoryId, index);
  }
  return undefined;
}

const { corpusPart: _, ...options } = batchOptions;

/** Strict, so that a misspelt option is an error. */
export const directoriesInputSchema = z
  .strictObject({
    ...options,
    directoryIds,
    job: batchJob,
    maxConcurrentBatches: z.int().min(1).max(MAX_CONCURRENT_BATCHES_LIMIT).optional(),
    reportedFailures: z.int().min(0).max(MAX_REPORTED_FAILURES_PER_BATCH).optional(),
  })
  .refine(({ job, collect }) => isSupported(job.type, collect), crossFieldRule('collect', UNSUPPORTED_FORMAT, ['job']));

/** Validates the input of `processDirectories`. @throws `InvalidInput` naming every wrong field. */
export function checkDirectoriesInput(input: ProcessDirectoriesInput): ResolvedDirectoriesInput {
  const value = parseInput(directoriesInputSchema, input, 'processDirectories');
  const { directoryIds, job, maxConcurrentBatches } = value;
  return {
    scope: toScope(value),
    job,
    maxConcurrentBatches: maxConcurrentBatches ?? DEFAULT_MAX_CONCURRENT_BATCHES,
    total: directoryIds.length,
  };
}
