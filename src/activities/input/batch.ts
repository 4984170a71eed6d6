import { z } from 'zod';
import {
  type BatchRequest,
  DEFAULT_JOB_TIMEOUT_MS,
  DEFAULT_MAX_CONCURRENT_JOBS,
  DEFAULT_RESULTS_GRACE_MS,
  DEFAULT_TIMEOUT_MS,
  defaultCollect,
  JOB_TYPES,
  LARGEST_MAX_CONCURRENT_JOBS,
  LARGEST_PAGE_SIZE,
  ON_STOP,
  type ProcessBatchInput,
  REPORTED_FAILURES,
  WORKFLOW_TYPES,
} from '../../protocol/index.js';
import { resolvePoll, scopeOf } from './resolved.js';
import { batchJob, collect, duration, fits, id, must, poll, scope, WRONG_FORMAT } from './schemas.js';
import { invalidInput, validated } from './validated.js';

const NEEDS_WORK = 'is needed, unless there is a batchId';
const NEEDS_BATCH = 'needs a batchId: the batch whose files are looked at again';

/** How a batch is processed, whether it is one or one of many. */
export const batchOptions = {
  ...scope,
  collect,
  maxConcurrentJobs: z.int().min(1).max(LARGEST_MAX_CONCURRENT_JOBS).optional(),
  maxFailedFiles: z.int().min(0).optional(),
  maxFailedPercent: z.number().min(0).max(100).optional(),
  reportedFailures: z.int().min(0).max(REPORTED_FAILURES).optional(),
  child: z.strictObject({ workflowType: id.optional(), taskQueue: id.optional() }).optional(),
  poll,
  timeout: duration.optional(),
  onStop: z.enum(ON_STOP).optional(),
  jobTimeout: duration.optional(),
  pageSize: z.int().min(1).max(LARGEST_PAGE_SIZE).optional(),
  resultsGracePeriod: duration.optional(),
};

/** Strict, so that a misspelt option is an error and not a default. */
export const batchInputSchema = z
  .strictObject({
    ...batchOptions,
    directoryId: id.optional(),
    job: batchJob.optional(),
    batchId: id.optional(),
    onlyFailed: z.boolean().optional(),
  })
  .refine(
    ({ directoryId, batchId }) => directoryId !== undefined || batchId !== undefined,
    must('directoryId', NEEDS_WORK, ['batchId']),
  )
  .refine(({ job, batchId }) => job !== undefined || batchId !== undefined, must('job', NEEDS_WORK, ['batchId']))
  .refine(({ job, collect }) => job === undefined || fits(job.type, collect), must('collect', WRONG_FORMAT, ['job']))
  .refine(
    (value) => value.onlyFailed !== true || value.batchId !== undefined,
    must('onlyFailed', NEEDS_BATCH, ['batchId']),
  );

/** A batch workflow's input, validated. */
export type CheckedBatchInput = z.output<typeof batchInputSchema>;

/** @throws `InvalidInput` naming every wrong field. */
export function checkBatchInput(input: ProcessBatchInput): CheckedBatchInput {
  return validated(batchInputSchema, input, 'processBatch');
}

/**
 * Fills in the defaults.
 *
 * @param own What the batch itself says, of one that is there already.
 * @throws `InvalidInput` naming every field that does not agree with it.
 */
export function resolveBatchInput(value: CheckedBatchInput, own?: BatchWork): BatchRequest {
  const { directoryId, job } = own === undefined ? value : agreed(value, own);
  if (directoryId === undefined || job === undefined) throw new Error('a batch that is there says what it works on');
  return {
    scope: scopeOf(value),
    directoryId,
    job,
    ...(value.batchId === undefined ? {} : { batchId: value.batchId }),
    onlyFailed: value.onlyFailed ?? false,
    collect: value.collect ?? defaultCollect(job.type),
    maxConcurrentJobs: value.maxConcurrentJobs ?? DEFAULT_MAX_CONCURRENT_JOBS,
    ...(value.maxFailedFiles === undefined ? {} : { maxFailedFiles: value.maxFailedFiles }),
    ...(value.maxFailedPercent === undefined ? {} : { maxFailedPercent: value.maxFailedPercent }),
    ...(value.reportedFailures === undefined ? {} : { reportedFailures: value.reportedFailures }),
    child: {
      workflowType: value.child?.workflowType ?? WORKFLOW_TYPES.processJob,
      ...(value.child?.taskQueue === undefined ? {} : { taskQueue: value.child.taskQueue }),
    },
    poll: resolvePoll(value.poll),
    timeoutMs: value.timeout ?? DEFAULT_TIMEOUT_MS,
    onStop: value.onStop ?? 'cancel',
    jobTimeoutMs: value.jobTimeout ?? DEFAULT_JOB_TIMEOUT_MS,
    pageSize: value.pageSize ?? LARGEST_PAGE_SIZE,
    resultsGraceMs: value.resultsGracePeriod ?? DEFAULT_RESULTS_GRACE_MS,
  };
}

/** What a batch works on, as LlamaCloud has it. */
export interface BatchWork {
  directoryId: string;
  job: { type: string; configurationId: string };
}

/** What is said of a batch that is there must agree with it, rather than be ignored. */
function agreed({ directoryId, job, collect }: CheckedBatchInput, own: BatchWork) {
  const type = JOB_TYPES.find((each) => each === own.job.type);
  const fields = [
    differs('directoryId', directoryId, own.directoryId),
    differs('job.type', job?.type, own.job.type),
    differs('job.configurationId', job?.configurationId, own.job.configurationId),
    type === undefined ? `batchId: its jobs are of type ${own.job.type}, which is not known here` : null,
    type === undefined || job !== undefined || fits(type, collect) ? null : `collect: ${WRONG_FORMAT}`,
  ].filter((field) => field !== null);
  if (type === undefined || fields.length > 0) throw invalidInput('processBatch', fields, 'Nothing was started.');
  return { directoryId: own.directoryId, job: { type, configurationId: own.job.configurationId } };
}

function differs(field: string, given: string | undefined, own: string): string | null {
  return given === undefined || given === own ? null : `${field}: is ${given}, but the batch has ${own}`;
}
