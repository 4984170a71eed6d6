import type { ResultType } from './documents/render.js';
import type { Batch, Job, ResultsEdit } from './model.js';
import type { PresignedFiles } from './presigned.js';
import type { Project } from './project.js';
import { batchState, isTerminal, jobState } from './timeline.js';

/** A batch as a test sees it from inside, without a request. */
export interface EmulatedBatch {
  readonly id: string;
  readonly status: string;
  readonly directoryId: string;
  readonly configurationId: string;
  readonly jobType: string;
  /** By this machine's clock, whatever `clockOffsetMs` is. */
  readonly createdAtMs: number;
  /** In the files' order. `jobId` is null for a file that can't be mapped. */
  readonly files: readonly { readonly fileId: string; readonly name: string; readonly jobId: string | null }[];
}

/** Looks at batches and pushes them about. Every call but `list` throws when there is no such batch. */
export interface BatchControls {
  /** Oldest first. */
  list(): readonly EmulatedBatch[];
  /**
   * Sets a status, known to the API or not, until the next call; null gives the batch back to its clock.
   * COMPLETED and CANCELLED are set as the clock and a cancellation would: with results and with the effect on the jobs.
   */
  setStatus(id: string, status: string | null): void;
  /** Ends the batch now: every file is mapped and it is COMPLETED. Its jobs go on by their own clock. */
  finish(id: string): void;
  /** Ends the clock of every job of the batch now, so that each is done as soon as its document is parsed. */
  finishJobs(id: string): void;
  /**
   * Changes what `expand=results` answers: the function gets the rows that would be answered (null while there are
   * none) each time, in the files' order, and what it gives is answered. Null takes the change away.
   */
  setResults(id: string, edit: ResultsEdit | null): void;
}

/** A job as a test sees it from inside; `status` is null until its file is mapped. */
export interface EmulatedJob {
  readonly id: string;
  readonly type: string;
  readonly batchId: string;
  readonly fileId: string;
  readonly fileName: string;
  readonly status: string | null;
}

/** Looks at jobs and pushes them about. Every call with an id throws when there is no such job. */
export interface JobControls {
  /** Oldest first. */
  list(): readonly EmulatedJob[];
  /** Those that have been mapped and have not ended, oldest first. */
  running(): readonly EmulatedJob[];
  /** Sets a status until the next call; null gives the job back to its clock. `errorMessage` goes with FAILED. */
  setStatus(id: string, status: string | null, errorMessage?: string): void;
  /** Ends the job's clock now, so that it is done as soon as its document is parsed. */
  finish(id: string): void;
  /** Sets the type that `results` tells for the job, such as one that a client does not know; null gives back its own. */
  setReferenceType(id: string, type: string | null): void;
  /** Sets what `usage.credits` tells, whatever its shape; undefined gives back what the job cost. */
  setCredits(id: string, credits: unknown): void;
  /** A presigned URL to a form of the job's document, good even if there is none. Default `text_full`. */
  presignedUrl(id: string, form?: ResultType): string;
}

export function createBatchControls(project: Project, changed: (batch: Batch) => void): BatchControls {
  const change = (id: string, edit: (batch: Batch) => void) => {
    const batch = project.findBatch(id);
    edit(batch);
    changed(batch);
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
    // The work on its documents has been given up, so its jobs could never end.
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
    batchId: job.batch.id,
    fileId: job.file.id,
    fileName: job.file.name,
    status: jobState(job, Date.now(), project.settings)?.status ?? null,
  };
}
