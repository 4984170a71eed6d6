import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { toDistinctName } from '../../outputs/index.js';
import {
  type CorpusBatchOptions,
  DEFAULT_MAX_CONCURRENT_BATCHES,
  defaultCollect,
  FAILED_FILES,
  GONE_FILES,
  jsonBytes,
  MAX_CONCURRENT_BATCHES_LIMIT,
  type ProcessCorpusInput,
  type ResolvedCorpusInput,
} from '../../protocol/index.js';
import { batchOptions } from './batch.js';
import { parseInput } from './parse-input.js';
import { pricesSchema } from './prices.js';
import { toScope } from './resolve.js';
import { batchJob, collect, crossFieldRule, isSupported, UNSUPPORTED_FORMAT } from './schemas.js';

/** It is in each payload of the run. */
const MAX_SOURCE_BYTES = 1_000;

/** It is part of the workflow id, which some servers take in 255 bytes. */
const MAX_OUTPUT_BYTES = 100;

/** A larger number is a mistake. */
const MAX_CREDITS = 1e12;

const SCHEME = /^[a-z][a-z0-9+.-]+:\/\//i;

/** A relative path would be another folder on each worker. */
const source = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not hold control characters')
  .refine((text) => jsonBytes(text) <= MAX_SOURCE_BYTES, `must not have more than ${MAX_SOURCE_BYTES} bytes`)
  .refine(
    (text) => SCHEME.test(text) || isAbsolute(text),
    'must be the absolute path of a folder, or s3://bucket/prefix',
  );

/** Names that every store takes as they are: two outputs are never the same folder. */
const output = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= MAX_OUTPUT_BYTES, `must not have more than ${MAX_OUTPUT_BYTES} bytes`)
  .refine(
    (text) => text === '' || text.split('/').every((name) => toDistinctName(name) === name),
    'must be a folder such as "contracts" or "legal/contracts": names without special characters, joined by "/"',
  );

const {
  maxFailedFiles: _,
  maxFailedPercent: __,
  reportedFailures: ___,
  corpusPart: ____,
  onStop: _____,
  ...options
} = batchOptions;

/** Strict, so that a misspelt option is an error. */
export const corpusInputSchema = z
  .strictObject({
    ...options,
    source,
    output: output.optional(),
    job: batchJob,
    failedFiles: z.enum(FAILED_FILES).optional(),
    goneFiles: z.enum(GONE_FILES).optional(),
    maxConcurrentBatches: z.int().min(1).max(MAX_CONCURRENT_BATCHES_LIMIT).optional(),
    maxCredits: z.number().positive().max(MAX_CREDITS).optional(),
    prices: pricesSchema.optional(),
    collect,
  })
  .refine(({ job, collect }) => isSupported(job.type, collect), crossFieldRule('collect', UNSUPPORTED_FORMAT, ['job']));

/** Validates the input of `processCorpus`. @throws `InvalidInput` naming every wrong field. */
export function checkCorpusInput(input: ProcessCorpusInput): ResolvedCorpusInput {
  const value = parseInput(corpusInputSchema, input, 'processCorpus');
  const { source, output, job, collect, failedFiles, goneFiles, maxConcurrentBatches, maxCredits } = value;
  return {
    scope: toScope(value),
    source,
    output: output ?? '',
    job,
    collect: collect ?? defaultCollect(job.type),
    failedFiles: failedFiles ?? 'retry',
    goneFiles: goneFiles ?? 'keep',
    maxConcurrentBatches: maxConcurrentBatches ?? DEFAULT_MAX_CONCURRENT_BATCHES,
    ...(maxCredits === undefined ? {} : { maxCredits }),
    batchOptions: readBatchOptions(input),
  };
}

/** As they were given: each batch validates them again, and fills in the defaults. */
function readBatchOptions({
  source,
  output,
  job,
  collect,
  failedFiles,
  goneFiles,
  maxConcurrentBatches,
  maxCredits,
  prices,
  projectId,
  organizationId,
  ...batchOptions
}: ProcessCorpusInput): CorpusBatchOptions {
  return batchOptions;
}
