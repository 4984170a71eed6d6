import { z } from 'zod';
import {
  type CollectFormat,
  cleanText,
  defaultCollect,
  MAX_TIMEOUT_MS,
  MIN_DELAY_MS,
  type ProcessJobInput,
  type ResolvedPoll,
} from '../../protocol/index.js';
import { parseInput } from './parse-input.js';
import { resolvePoll, toScope } from './resolve.js';
import {
  collect,
  crossFieldRule,
  id,
  isSupported,
  jobType,
  poll,
  remoteId,
  scope,
  temporalName,
  UNSUPPORTED_FORMAT,
} from './schemas.js';

/** Strict, so that a misspelt option is an error. */
export const jobInputSchema = z
  .strictObject({
    ...scope,
    fileId: id,
    name: z
      .string()
      .transform((name) => cleanText(name))
      .optional(),
    jobId: remoteId,
    type: jobType,
    batchId: remoteId,
    directoryId: remoteId.optional(),
    collect,
    poll,
    timeoutMs: z.number().min(MIN_DELAY_MS).max(MAX_TIMEOUT_MS).optional(),
    collectTaskQueue: temporalName.optional(),
    collectLocally: z.boolean().optional(),
    storeId: z.string().max(100).optional(),
    corpus: z.strictObject({ output: z.string().max(100), path: z.string().min(1).max(1_000) }).optional(),
  })
  .refine((value) => isSupported(value.type, value.collect), crossFieldRule('collect', UNSUPPORTED_FORMAT, ['type']));

/** A {@link ProcessJobInput} with every default filled in. */
type ResolvedJobInput = Pick<
  ProcessJobInput,
  'projectId' | 'organizationId' | 'fileId' | 'name' | 'jobId' | 'type' | 'batchId' | 'storeId' | 'corpus'
> & {
  collect: CollectFormat;
  poll: ResolvedPoll;
};

/** Validates the input of `processJob` and fills in the defaults. @throws `InvalidInput` naming every wrong field. */
export function resolveJobInput(input: ProcessJobInput): ResolvedJobInput {
  const value = parseInput(jobInputSchema, input, 'processJob');
  return {
    ...toScope(value),
    fileId: value.fileId,
    ...(value.name === undefined ? {} : { name: value.name }),
    jobId: value.jobId,
    type: value.type,
    batchId: value.batchId,
    ...(value.storeId === undefined ? {} : { storeId: value.storeId }),
    ...(value.corpus === undefined ? {} : { corpus: value.corpus }),
    collect: value.collect ?? defaultCollect(value.type),
    poll: resolvePoll(value.poll),
  };
}
