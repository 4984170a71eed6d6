import { z } from 'zod';
import {
  type CollectFormat,
  defaultCollect,
  LONGEST_TIMEOUT_MS,
  type ProcessJobInput,
  type ResolvedPoll,
  SHORTEST_DELAY_MS,
} from '../../protocol/index.js';
import { resolvePoll, scopeOf } from './resolved.js';
import { collect, fits, id, jobType, must, poll, scope, WRONG_FORMAT } from './schemas.js';
import { validated } from './validated.js';

/** Strict, so that a misspelt option is an error and not a default. */
export const jobInputSchema = z
  .strictObject({
    ...scope,
    fileId: id,
    name: z.string().optional(),
    jobId: id,
    type: jobType,
    batchId: id,
    collect,
    poll,
    timeoutMs: z.number().min(SHORTEST_DELAY_MS).max(LONGEST_TIMEOUT_MS).optional(),
    ready: z.boolean().optional(),
    brief: z.boolean().optional(),
  })
  .refine((value) => fits(value.type, value.collect), must('collect', WRONG_FORMAT, ['type']));

/** A {@link ProcessJobInput} with every default filled in. */
export type JobRequest = Omit<ProcessJobInput, 'collect' | 'poll' | 'timeoutMs' | 'ready'> & {
  collect: CollectFormat;
  poll: ResolvedPoll;
};

/** Validates a job workflow's input and fills in the defaults. @throws `InvalidInput` naming every wrong field. */
export function resolveJobInput(input: ProcessJobInput): JobRequest {
  const value = validated(jobInputSchema, input, 'processJob');
  return {
    ...scopeOf(value),
    fileId: value.fileId,
    ...(value.name === undefined ? {} : { name: value.name }),
    jobId: value.jobId,
    type: value.type,
    batchId: value.batchId,
    collect: value.collect ?? defaultCollect(value.type),
    poll: resolvePoll(value.poll),
  };
}
