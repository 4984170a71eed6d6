import { ApplicationFailure } from '@temporalio/common';
import ms, { type StringValue } from 'ms';
import { z } from 'zod';
import {
  type BatchRequest,
  COLLECT_FORMATS,
  type CollectFormat,
  DEFAULT_JOB_TIMEOUT_MS,
  DEFAULT_MAX_CONCURRENT_JOBS,
  DEFAULT_POLL,
  DEFAULT_RESULTS_GRACE_MS,
  DEFAULT_TIMEOUT_MS,
  defaultCollect,
  hasFormat,
  JOB_TYPES,
  type JobType,
  LARGEST_MAX_CONCURRENT_JOBS,
  LARGEST_PAGE_SIZE,
  LONGEST_POLL_MS,
  LONGEST_TIMEOUT_MS,
  ON_STOP,
  type ProcessBatchInput,
  type ProcessJobInput,
  type ResolvedPoll,
  SHORTEST_DELAY_MS,
  WORKFLOW_TYPES,
} from '../protocol/index.js';

/** Ids are any text, but `.` and `..` would survive in a URL's path and lead to another route. */
const id = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .refine((value) => value !== '.' && value !== '..', 'must be an id');

/** Temporal's own durations: milliseconds, or a string that the `ms` package reads. */
const duration = z
  .union([z.number(), z.string()], { error: 'must be a duration: milliseconds, or text such as "30 seconds"' })
  .transform((value, context) => {
    const parsed = typeof value === 'number' ? value : parseMs(value);
    if (parsed !== undefined && parsed >= SHORTEST_DELAY_MS && parsed <= LONGEST_TIMEOUT_MS) return parsed;
    const message = 'must be a duration of 1 second to 365 days, such as "30 seconds"';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const interval = duration.refine((value) => value <= LONGEST_POLL_MS, 'must not be more than 1 hour');

const scope = { projectId: id.optional(), organizationId: id.optional() };

const NEEDS_WORK = 'is needed, unless there is a batchId';
const NEEDS_BATCH = 'needs a batchId: the batch whose files are looked at again';
const WRONG_FORMAT = 'does not fit the job type: parse_v2 has markdown, text and items, extract_v2 has record';

/**
 * A rule about several fields. Zod would leave it out while any other field is wrong, and a person would learn of it only
 * at the next try: it holds as soon as its own fields are right.
 */
function must(field: string, message: string, others: string[]) {
  const own = [field, ...others];
  const when = ({ issues }: z.core.ParsePayload) =>
    issues.every(({ code, path }) =>
      path?.[0] === undefined ? code === 'unrecognized_keys' : !own.includes(String(path[0])),
    );
  return { path: [field], message, when };
}

const poll = z
  .strictObject({
    initialInterval: interval.optional(),
    backoffCoefficient: z.number().min(1).max(10).optional(),
    maximumInterval: interval.optional(),
  })
  .refine(
    ({ initialInterval = DEFAULT_POLL.initialMs, maximumInterval = LONGEST_POLL_MS }) => {
      return initialInterval <= maximumInterval;
    },
    must('maximumInterval', 'must not be less than initialInterval', ['initialInterval']),
  )
  .optional();

const collect = z.enum(COLLECT_FORMATS).optional();
const jobType = z.enum(JOB_TYPES);

/** Strict, so that a misspelt option is an error and not a default. */
export const batchInputSchema = z
  .strictObject({
    ...scope,
    directoryId: id.optional(),
    job: z.strictObject({ type: jobType, configurationId: id }).optional(),
    batchId: id.optional(),
    onlyFailed: z.boolean().optional(),
    collect,
    maxConcurrentJobs: z.int().min(1).max(LARGEST_MAX_CONCURRENT_JOBS).optional(),
    maxFailedFiles: z.int().min(0).optional(),
    maxFailedPercent: z.number().min(0).max(100).optional(),
    child: z.strictObject({ workflowType: id.optional(), taskQueue: id.optional() }).optional(),
    poll,
    timeout: duration.optional(),
    onStop: z.enum(ON_STOP).optional(),
    jobTimeout: duration.optional(),
    pageSize: z.int().min(1).max(LARGEST_PAGE_SIZE).optional(),
    resultsGracePeriod: duration.optional(),
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

function validated<T extends z.ZodType>(schema: T, input: unknown, workflow: string): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(input)'}: ${issue.message}`);
  throw invalidInput(workflow, fields, 'Nothing was sent to LlamaCloud.');
}

function invalidInput(workflow: string, fields: string[], consequence: string): ApplicationFailure {
  const message = `The input of ${workflow} is not valid. ${fields.join('; ')}. ${consequence}`;
  return ApplicationFailure.nonRetryable(message, 'InvalidInput', { fields });
}

function fits(type: JobType, format: CollectFormat | undefined): boolean {
  return format === undefined || hasFormat(type, format);
}

function resolvePoll(value: z.infer<typeof poll>): ResolvedPoll {
  const initialMs = value?.initialInterval ?? DEFAULT_POLL.initialMs;
  return {
    initialMs,
    coefficient: value?.backoffCoefficient ?? DEFAULT_POLL.coefficient,
    // An interval that is asked for is had, also where it is longer than the default of the longest.
    maximumMs: value?.maximumInterval ?? Math.max(DEFAULT_POLL.maximumMs, initialMs),
  };
}

function scopeOf(value: { projectId?: string | undefined; organizationId?: string | undefined }) {
  return {
    ...(value.projectId === undefined ? {} : { projectId: value.projectId }),
    ...(value.organizationId === undefined ? {} : { organizationId: value.organizationId }),
  };
}

function parseMs(text: string): number | undefined {
  return isDurationText(text) ? ms(text) : undefined;
}

/** `ms` throws for an empty text, and for one of more than 100 characters. */
function isDurationText(text: string): text is StringValue {
  return text.length > 0 && text.length <= 100;
}
