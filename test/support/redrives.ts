import type { BatchHandle, JobType } from '../../src/index.js';
import { REDRIVE_LABEL, redriveJobWorkflowId } from '../../src/protocol/index.js';
import type { EmulatedBatch, EmulatedJob } from '../../src/testing/index.js';
import { files, type TestEnvironment } from './test-environment.js';
import { until } from './until.js';

const CONFIGURATIONS = { parse_v2: 'cfg-PARSE_AGENTIC', extract_v2: 'cfg-EXTRACT_AGENTIC' } as const;

/** Why the jobs fail: another one may succeed. */
export const TRANSIENT = 'internal error, try again';

/** A batch whose jobs LlamaCloud has FAILED. */
export interface FailedBatch {
  directoryId: string;
  batch: EmulatedBatch;
  run: BatchHandle;
  /** The jobs of the batch. */
  failedIds: string[];
  /** Jobs that were created without a batch, over the files of the directory. */
  newJobs(): EmulatedJob[];
  /** Status of the response to each POST of such a job; 0 while there is none, or where the connection was reset. */
  posts(): number[];
  untilPosted(count: number): Promise<void>;
  /** Waits for the first new job that is in a status. */
  untilNewJob(status: string): Promise<EmulatedJob>;
  /** Workflow id of the `redriveJob` of the first file. */
  lockId: string;
}

export function jobOf(type: JobType) {
  return { type, configurationId: CONFIGURATIONS[type] };
}

/**
 * Starts a run over so many files, all of whose jobs FAIL. The batches of the environment have to stay RUNNING until they are finished.
 *
 * @param message `error_message` of the jobs.
 */
export async function startFailedBatch(
  env: TestEnvironment,
  { count = 1, type = 'parse_v2', message = TRANSIENT, ...options }: Options = {},
): Promise<FailedBatch> {
  const { emulator } = env;
  const { id: directoryId } = await emulator.addDirectory(files(count));
  const run = await env.batches.start({ directoryId, job: jobOf(type), poll: { maximumInterval: 1_000 }, ...options });
  const batch = await env.untilCreated(directoryId);
  const failedIds = batch.files.map(({ jobId }) => jobId ?? '');
  for (const id of failedIds) emulator.jobs.setStatus(id, 'FAILED', message);
  emulator.batches.finish(batch.id);
  const fileIds = new Set(batch.files.map(({ fileId }) => fileId));
  const newJobs = () => emulator.jobs.list().filter(({ batchId, fileId }) => batchId === null && fileIds.has(fileId));
  const isOurs = (body: unknown) => {
    const { file_input, user_metadata } = Object(body);
    return fileIds.has(file_input) || failedIds.includes(Object(user_metadata)[REDRIVE_LABEL]);
  };
  const posts = () =>
    emulator.requests.filter(
      ({ method, path, body }) => method === 'POST' && /\/(parse|extract)$/.test(path) && isOurs(body),
    );
  return {
    directoryId,
    batch,
    run,
    failedIds,
    newJobs,
    posts: () => posts().map(({ status }) => status),
    untilPosted: async (posted) => {
      await until(`POST ${posted}`, () => posts().length >= posted);
    },
    untilNewJob: (status) => until(`a new job that is ${status}`, () => newJobs().find((job) => job.status === status)),
    lockId: redriveJobWorkflowId(batch.files[0]?.fileId ?? '', jobOf(type)),
  };
}

interface Options {
  count?: number;
  type?: JobType;
  message?: string;
  retryFailed?: number;
  maxConcurrentJobs?: number;
  maxFailedFiles?: number;
  onStop?: 'cancel' | 'leave';
}
