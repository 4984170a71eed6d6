import type { ResultType } from './documents/render.js';
import type { Batch, Job, ResultsEdit } from './model.js';
import type { PresignedFiles } from './presigned.js';
import type { Project } from './project.js';
import { batchState, isTerminal, jobState } from './timeline.js';

/** A batch of the emulator, read without a request. */
export interface EmulatedBatch {
  /** `bat-...` */
  readonly id: string;
  readonly status: string;
  /** `dir-...` */
  readonly directoryId: string;
  /** `cfg-...` */
  readonly configurationId: string;
  readonly jobType: string;
  /** Milliseconds since the epoch, by this machine's clock: `clockOffsetMs` is not applied. */
  readonly createdAtMs: number;
  /** In the order of the directory's files. `jobId` is null for a file that can't be mapped to a job. */
  readonly files: readonly { readonly fileId: string; readonly name: string; readonly jobId: string | null }[];
}

/** Reads and changes batches without a request. Every method but `list` throws an `Error` when the batch does not exist. */
export interface BatchControls {
  /** Every batch, oldest first. */
  list(): readonly EmulatedBatch[];
  /**
   * Fixes the status of the batch until the next call. Any string is accepted, even one that the API does not have.
   * `null` makes the status follow the configured durations again. COMPLETED maps the files, and CANCELLED cancels the batch, as if
   * it had happened by itself. COMPLETED and CANCELLED are permanent: `null` does not undo them.
   */
  setStatus(id: string, status: string | null): void;
  /** Completes the batch now: every file is mapped and the status is COMPLETED. Its jobs keep their own durations. */
  finish(id: string): void;
  /** Ends the configured duration of every job of the batch now: each job ends as soon as its document is parsed. */
  finishJobs(id: string): void;
  /**
   * Replaces the `results` of the batch. At each GET with `expand=results` the function gets the rows that would be sent, in
   * the order of the files (null while there are none), and returns what is sent. `null` removes the replacement.
   */
  setResults(id: string, edit: ResultsEdit | null): void;
}

/** A job of the emulator, read without a request. */
export interface EmulatedJob {
  /** `pjb-...` for a parse job, `ext-...` for an extract job. */
  readonly id: string;
  readonly type: string;
  /** Null for a job that was created by itself, without a batch. */
  readonly batchId: string | null;
  /** `cfg-...`; null for a parse job that was created without one. */
  readonly configurationId: string | null;
  readonly fileId: string;
  readonly fileName: string;
  /** Null until the file is mapped. */
  readonly status: string | null;
}

/** Reads and changes jobs without a request. Every method that takes an id throws an `Error` when the job does not exist. */
export interface JobControls {
  /** Every job, oldest first. */
  list(): readonly EmulatedJob[];
  /** The jobs that are mapped and have not ended, oldest first. */
  running(): readonly EmulatedJob[];
  /**
   * Fixes the status of the job until the next call; `null` makes it follow the configured durations again.
   * `errorMessage` is sent as `error_message`. Default: null.
   */
  setStatus(id: string, status: string | null, errorMessage?: string): void;
  /** Ends the configured duration of the job now: it ends as soon as its document is parsed. */
  finish(id: string): void;
  /** Sets the `type` of the job in `results`, for example one that no client knows; `null` restores the real one. */
  setReferenceType(id: string, type: string | null): void;
  /** Sets `usage.credits` to any JSON value; `undefined` restores the real credits. */
  setCredits(id: string, credits: unknown): void;
  /** A valid presigned URL of the job's result, which answers 404 if there is none. Default form: `text_full`. */
  presignedUrl(id: string, form?: ResultType): string;
}

export function createBatchControls(project: Project, onChange: (batch: Batch) => void): BatchControls {
  const change = (id: string, edit: (batch: Batch) => void) => {
    const batch = project.findBatch(id);
    edit(batch);
    onChange(batch);
  };
  return {
    list: () => [...project.batches.values()].map((batch) => batchSnapshot(batch, project)),
    setStatus: (id, status) => change(id, (batch) => setBatchStatus(batch, status, project)),
    finish: (id) => change(id, (batch) => setBatchStatus(batch, 'COMPLETED', project)),
    finishJobs: (id) => {
      for (const { job } of project.findBatch(id).rows) if (job !== null) job.finishedAtMs ??= Date.now();
    },
    setResults: (id, edit) =>
      change(id, (batch) => {
        batch.editResults = edit;
      }),
  };
}

function setBatchStatus(batch: Batch, status: string | null, project: Project): void {
  const nowMs = Date.now();
  batch.forced = null;
  if (status === 'COMPLETED') {
    // Its documents are not parsed any more, so its jobs could never end.
    if (batch.cancel !== null) throw new Error(`batch ${batch.id} was cancelled and can't complete`);
    batch.finishedAtMs = nowMs;
  } else if (status === 'CANCELLED') {
    batch.cancel = { requestedAtMs: nowMs, doneAtMs: nowMs, stopsJobs: !project.settings.jobsContinueAfterCancel };
  } else if (status !== null) {
    batch.forced = { status, atMs: nowMs };
  }
}

function batchSnapshot(batch: Batch, project: Project): EmulatedBatch {
  const names = new Map(project.directories.get(batch.directoryId)?.files.map(({ id, name }) => [id, name]));
  return {
    id: batch.id,
    status: batchState(batch, Date.now(), project.settings).status,
    directoryId: batch.directoryId,
    configurationId: batch.configurationId,
    jobType: batch.jobType,
    createdAtMs: batch.createdAtMs,
    files: batch.rows.map(({ fileId, job }) => ({ fileId, name: names.get(fileId) ?? '', jobId: job?.id ?? null })),
  };
}

export function createJobControls(project: Project, presigned: PresignedFiles): JobControls {
  const find = (id: string): Job => {
    const job = project.jobs.get(id);
    if (job === undefined) throw new Error(`job ${id} not found`);
    return job;
  };
  const listJobs = () => [...project.jobs.values()].map((job) => jobSnapshot(job, project));
  return {
    list: listJobs,
    running: () => listJobs().filter(({ status }) => status !== null && !isTerminal(status)),
    setStatus: (id, status, errorMessage) => {
      const text = errorMessage === undefined ? {} : { errorMessage };
      find(id).forced = status === null ? null : { status, atMs: Date.now(), ...text };
    },
    finish: (id) => {
      find(id).finishedAtMs ??= Date.now();
    },
    setReferenceType: (id, type) => {
      find(id).referenceType = type;
    },
    setCredits: (id, credits) => {
      find(id).forcedCredits = credits === undefined ? null : { value: credits };
    },
    presignedUrl: (id, form = 'text_full') => presigned.urlFor(find(id).id, form),
  };
}

function jobSnapshot(job: Job, project: Project): EmulatedJob {
  return {
    id: job.id,
    type: job.type,
    batchId: job.batch?.id ?? null,
    configurationId: job.configurationId,
    fileId: job.file.id,
    fileName: job.file.name,
    status: jobState(job, Date.now(), project.settings)?.status ?? null,
  };
}
