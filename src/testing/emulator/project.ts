import { Configurations } from './configurations.js';
import { Directories, presentFiles } from './directories.js';
import { unreadableReason } from './documents/parse.js';
import type { ParseQueue } from './documents/parse-queue.js';
import { HttpError } from './http-error.js';
import type { Batch, BatchRow, DirectoryFile, Job, JobType } from './model.js';
import type { SeededRandom } from './seeded-random.js';
import type { Settings } from './settings.js';
import { batchClock, jobCreatedAtMs, jobState } from './timeline.js';
import { UnusualBatches } from './unusual-batches.js';
import { UploadRate } from './upload-rate.js';

/** The state of the emulated LlamaCloud project. */
export class Project {
  readonly batches = new Map<string, Batch>();
  readonly jobs = new Map<string, Job>();
  readonly configurations: Configurations;
  readonly directories: Directories;
  readonly uploadRate: UploadRate;
  readonly unusualBatches: UnusualBatches;
  /** The project of requests without `project_id`. */
  readonly defaultProjectId: string;

  constructor(
    readonly settings: Settings,
    readonly random: SeededRandom,
    private readonly parseQueue: ParseQueue,
  ) {
    this.configurations = new Configurations(settings.configurationIds);
    this.directories = new Directories(settings, random);
    this.uploadRate = new UploadRate(settings);
    this.unusualBatches = new UnusualBatches(settings, random);
    this.defaultProjectId = random.uuid('prj-');
  }

  /** Creates a batch and its jobs, and queues the documents to be parsed. */
  async createBatch(request: {
    readonly directoryId: string;
    readonly jobType: JobType;
    readonly configurationId: string;
    readonly projectId: string | null;
    readonly organizationId: string | null;
  }): Promise<Batch> {
    const directory = this.directories.find(request.directoryId);
    const files = presentFiles(directory);
    this.configurations.assertUsable(request.configurationId, request.jobType);
    const { maxFilesPerBatch } = this.settings;
    if (files.length > maxFilesPerBatch) {
      throw new HttpError(
        400,
        `the directory has ${files.length} files, and a batch takes at most ${maxFilesPerBatch}`,
      );
    }
    const unreadable = await Promise.all(files.map(unreadableReason));
    // Synchronous from here on, so that no request sees a batch without its rows.
    const batch: Batch = {
      seq: this.batches.size,
      id: this.random.uuid('bat-'),
      projectId: request.projectId ?? this.defaultProjectId,
      organizationId: request.organizationId,
      directoryId: directory.id,
      jobType: request.jobType,
      configurationId: request.configurationId,
      createdAtMs: Date.now(),
      rows: [],
      cancel: null,
      finishedAtMs: null,
      forced: null,
      editResults: null,
    };
    this.batches.set(batch.id, batch);
    batch.rows = this.#mapFiles(batch, files, unreadable);
    this.parseQueue.add(batch.rows.flatMap(({ job }) => (job === null ? [] : [job])));
    return batch;
  }

  /** Spreads the mapping of the files over the RUNNING time. The jobs exist at once, and are visible once mapped. */
  #mapFiles(batch: Batch, files: readonly DirectoryFile[], unreadable: readonly (string | null)[]): BatchRow[] {
    const { runningAtMs } = batchClock(batch.createdAtMs, this.settings);
    return files.map((file, index): BatchRow => {
      const mappedAtMs = runningAtMs + Math.floor((this.settings.batchRunningMs * index) / files.length);
      const mappingError = unreadable[index] ?? null;
      if (mappingError !== null) return { fileId: file.id, mappedAtMs, job: null, mappingError };
      const job: Job = {
        seq: this.jobs.size,
        id: batch.jobType === 'parse_v2' ? this.random.base36('pjb-', 28) : this.random.uuid('ext-'),
        type: batch.jobType,
        batch,
        file,
        mappedAtMs,
        runningMs: this.settings.jobRunningMs + this.settings.jobSpreadMs * this.random.fraction('spread'),
        outcome: null,
        outcomeAtMs: 0,
        cancelledAtMs: null,
        finishedAtMs: null,
        forced: null,
        referenceType: null,
        forcedCredits: null,
      };
      this.jobs.set(job.id, job);
      return { fileId: file.id, mappedAtMs, job, mappingError: null };
    });
  }

  findBatch(id: string): Batch {
    const batch = this.batches.get(id);
    if (batch === undefined) throw new HttpError(404, `batch ${id} not found`);
    return batch;
  }

  /** A batch for `GET` by id: not found until `readLagMs` after its creation. */
  readBatch(id: string): Batch {
    const batch = this.findBatch(id);
    this.#checkReadLag(batch.createdAtMs, `batch ${id}`);
    return batch;
  }

  /** A job for `GET` by id: not found until `readLagMs` after its creation. */
  readJob(id: string, type: JobType): Job {
    const job = this.findJob(id, type);
    this.#checkReadLag(jobCreatedAtMs(job), `job ${id}`);
    return job;
  }

  #checkReadLag(createdAtMs: number, subject: string): void {
    if (Date.now() < createdAtMs + this.settings.readLagMs) throw new HttpError(404, `${subject} not found`);
  }

  /** A job of this type whose file is mapped; throws the 404 otherwise. */
  findJob(id: string, type: JobType): Job {
    const job = this.jobs.get(id);
    if (job === undefined || job.type !== type || jobState(job, Date.now(), this.settings) === null) {
      throw new HttpError(404, `job ${id} not found`);
    }
    return job;
  }
}
