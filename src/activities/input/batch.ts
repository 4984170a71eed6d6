import { z } from 'zod';
import type { Batch } from '../../llamacloud/index.js';
import {
  cleanText,
  DEFAULT_JOB_TIMEOUT_MS,
  DEFAULT_MAX_CONCURRENT_JOBS,
  DEFAULT_RESULTS_GRACE_MS,
  DEFAULT_STUCK_AFTER_MS,
  DEFAULT_TIMEOUT_MS,
  defaultCollect,
  isValidId,
  JOB_TYPES,
  MAX_CONCURRENT_JOBS_LIMIT,
  MAX_PAGE_SIZE,
  MAX_REPORTED_FAILURES,
  MAX_RETRY_FAILED,
  ON_STOP,
  type ProcessBatchInput,
  type ResolvedBatchInput,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import { invalidInput, parseInput } from './parse-input.js';
import { resolvePoll, toScope } from './resolve.js';
import {
  batchJob,
  collect,
  crossFieldRule,
  duration,
  id,
  isSupported,
  poll,
  scope,
  temporalName,
  UNSUPPORTED_FORMAT,
} from './schemas.js';

const REQUIRED_WITHOUT_BATCH = 'is needed, unless there is a batchId';
const REQUIRES_BATCH = 'needs a batchId: the batch whose missing documents are collected';

/** Options of `processBatch` and of each batch of `processDirectories`. */
export const batchOptions = {
  ...scope,
  collect,
  maxConcurrentJobs: z.int().min(1).max(MAX_CONCURRENT_JOBS_LIMIT).optional(),
  maxFailedFiles: z.int().min(0).optional(),
  maxFailedPercent: z.number().min(0).max(100).optional(),
  reportedFailures: z.int().min(0).max(MAX_REPORTED_FAILURES).optional(),
  retryFailed: z.int().min(0).max(MAX_RETRY_FAILED).optional(),
  child: z.strictObject({ workflowType: temporalName.optional(), taskQueue: temporalName.optional() }).optional(),
  poll,
  timeout: duration.optional(),
  onStop: z.enum(ON_STOP).optional(),
  jobTimeout: duration.optional(),
  stuckAfter: duration.optional(),
  pageSize: z.int().min(1).max(MAX_PAGE_SIZE).optional(),
  resultsGracePeriod: duration.optional(),
  corpusPart: z.strictObject({ output: z.string(), runId: id, uploads: id }).optional(),
};

/** Strict, so that a misspelt option is an error. */
export const batchInputSchema = z
  .strictObject({
    ...batchOptions,
    directoryId: id.optional(),
    job: batchJob.optional(),
    batchId: id.optional(),
    onlyMissing: z.boolean().optional(),
  })
  .refine(
    ({ directoryId, batchId }) => directoryId !== undefined || batchId !== undefined,
    crossFieldRule('directoryId', REQUIRED_WITHOUT_BATCH, ['batchId']),
  )
  .refine(
    ({ job, batchId }) => job !== undefined || batchId !== undefined,
    crossFieldRule('job', REQUIRED_WITHOUT_BATCH, ['batchId']),
  )
  .refine(
    ({ job, collect }) => job === undefined || isSupported(job.type, collect),
    crossFieldRule('collect', UNSUPPORTED_FORMAT, ['job']),
  )
  .refine(
    (value) => value.onlyMissing !== true || value.batchId !== undefined,
    crossFieldRule('onlyMissing', REQUIRES_BATCH, ['batchId']),
  )
  .refine(
    (value) => value.onlyMissing !== true || value.corpusPart === undefined,
    crossFieldRule('onlyMissing', 'does not fit a batch of processCorpus: run processCorpus again', ['corpusPart']),
  );

type CheckedBatchInput = z.output<typeof batchInputSchema>;

/** Validates the input of `processBatch`. @throws `InvalidInput` naming every wrong field. */
export function checkBatchInput(input: ProcessBatchInput): CheckedBatchInput {
  return parseInput(batchInputSchema, input, 'processBatch');
}

/**
 * Fills in the defaults.
 *
 * @param existing The batch that is adopted. Its directory and its job are taken from it.
 * @throws `InvalidInput` naming every field that does not match it.
 */
export function resolveBatchInput(value: CheckedBatchInput, existing?: Batch): ResolvedBatchInput {
  const { directoryId, job } = existing === undefined ? value : matchBatch(value, existing);
  if (directoryId === undefined || job === undefined) throw new Error('The schema rejects such an input');
  return {
    scope: toScope(value),
    directoryId,
    job,
    ...(value.batchId === undefined ? {} : { batchId: value.batchId }),
    onlyMissing: value.onlyMissing ?? false,
    collect: value.collect ?? defaultCollect(job.type),
    maxConcurrentJobs: value.maxConcurrentJobs ?? DEFAULT_MAX_CONCURRENT_JOBS,
    ...(value.maxFailedFiles === undefined ? {} : { maxFailedFiles: value.maxFailedFiles }),
    ...(value.maxFailedPercent === undefined ? {} : { maxFailedPercent: value.maxFailedPercent }),
    reportedFailures: value.reportedFailures ?? MAX_REPORTED_FAILURES,
    ...(value.retryFailed ? { retryFailed: value.retryFailed } : {}),
    child: {
      workflowType: value.child?.workflowType ?? WORKFLOW_TYPES.processJob,
      ...(value.child?.taskQueue === undefined ? {} : { taskQueue: value.child.taskQueue }),
    },
    poll: resolvePoll(value.poll),
    timeoutMs: value.timeout ?? DEFAULT_TIMEOUT_MS,
    onStop: value.onStop ?? 'cancel',
    jobTimeoutMs: value.jobTimeout ?? DEFAULT_JOB_TIMEOUT_MS,
    stuckAfterMs: value.stuckAfter ?? DEFAULT_STUCK_AFTER_MS,
    pageSize: value.pageSize ?? MAX_PAGE_SIZE,
    resultsGraceMs: value.resultsGracePeriod ?? DEFAULT_RESULTS_GRACE_MS,
    ...(value.corpusPart === undefined ? {} : { corpusPart: value.corpusPart }),
  };
}

/** Takes the directory and the job from an existing batch. Whatever the input says of them has to match. */
function matchBatch({ directoryId, job, collect }: CheckedBatchInput, existing: Batch) {
  const existingJob = existing.config?.job;
  const type = JOB_TYPES.find((jobType) => jobType === existingJob?.type);
  const configurationId = toValidId(existingJob?.configuration_id);
  const existingDirectoryId = toValidId(existing.source_directory_id);
  const fields = [
    mismatch('directoryId', directoryId, existing.source_directory_id),
    mismatch('job.type', job?.type, existingJob?.type),
    mismatch('job.configurationId', job?.configurationId, existingJob?.configuration_id),
    type === undefined ? `batchId: its jobs are of the unknown type ${existingJob?.type ?? '(none)'}` : null,
    configurationId === undefined ? 'batchId: LlamaCloud gives no usable id of its configuration' : null,
    existingDirectoryId === undefined ? 'batchId: LlamaCloud gives no usable id of its directory' : null,
    type === undefined || job !== undefined || isSupported(type, collect) ? null : `collect: ${UNSUPPORTED_FORMAT}`,
  ].filter((field) => field !== null);
  if (type === undefined || configurationId === undefined || existingDirectoryId === undefined || fields.length > 0)
    throw invalidInput(
      'processBatch',
      fields.map((field) => cleanText(field)),
      'Nothing was started.',
    );
  return { directoryId: existingDirectoryId, job: { type, configurationId } };
}

/** An id that LlamaCloud gave is not trimmed: the trimmed one is another id. */
function toValidId(id: string | undefined): string | undefined {
  return id !== undefined && isValidId(id) ? id : undefined;
}

function mismatch(field: string, given: string | undefined, existing: string | undefined): string | null {
  if (given === undefined || given === existing) return null;
  return `${field}: is ${given}, but the batch has ${existing ?? 'none'}`;
}
