/**
 * Options of the emulator. All are optional. Durations are in milliseconds; those that say "or Infinity" may also never end.
 */
export interface EmulatorOptions extends EmulatorBehaviour {
  /** Address to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. Default: 0. */
  readonly port?: number;
  /**
   * Seed of the ids, of the durations of jobs, and of the random faults: the same seed and the same requests give the same
   * responses. Default: random.
   */
  readonly seed?: number;
  /** Share of the API requests (0 to 1) that get a random fault. Default: 0. */
  readonly faultRate?: number;
  /** Share of the presigned downloads (0 to 1) that get a random fault. Default: 0. */
  readonly downloadFaultRate?: number;
  /**
   * Ids of the saved configurations (`cfg-...`) that exist beside the built-in presets, such as `cfg-PARSE_AGENTIC`. Creating
   * a batch with any other id answers 404. Default: none.
   */
  readonly configurationIds?: readonly string[];
}

/** The options that {@link LlamaCloudEmulator.configure} can change while the emulator runs. */
export interface EmulatorBehaviour {
  /** The only API key that is accepted. A change replaces the key at once, as if the old one were revoked. Default: `llx-emulator-` and the seed. */
  readonly apiKey?: string;

  /** How long a batch is PENDING, in ms. Default: 200. */
  readonly batchPendingMs?: number;
  /** How long a batch is THROTTLED after PENDING, in ms; 0 skips the status. Default: 0. */
  readonly batchThrottledMs?: number;
  /** How long a batch is RUNNING, in ms. Its files are mapped to jobs evenly over that time. Default: 800. */
  readonly batchRunningMs?: number;
  /** Time from the request to cancel a batch until it is CANCELLED, in ms or Infinity. Default: 200. */
  readonly batchCancelMs?: number;
  /**
   * Whether the jobs of a CANCELLED batch continue until each is cancelled by its own id. Default: false, which cancels them
   * with the batch.
   */
  readonly jobsContinueAfterCancel?: boolean;

  /** How long a job is PENDING after its file was mapped, in ms. Default: 100. */
  readonly jobPendingMs?: number;
  /** The shortest time that a job is RUNNING, in ms or Infinity; parsing its document may take longer. Default: 300. */
  readonly jobRunningMs?: number;
  /** Each job is RUNNING for up to this much longer, at random, in ms. Default: 0. */
  readonly jobSpreadMs?: number;
  /** How long `usage.credits` is null after the job ended, in ms. Default: 0. */
  readonly creditsNullMs?: number;
  /** JSON type of `usage.credits`: `3`, `"3"` or `{ "value": 3, "unit": "credits" }`. Default: `number`. */
  readonly creditsFormat?: CreditsFormat;
  /** Whether the `error_message` of a FAILED job contains a presigned URL. Default: false. */
  readonly urlsInErrorMessages?: boolean;

  /** How long `results` is null after COMPLETED, in ms or Infinity. Default: 0. */
  readonly resultsNullMs?: number;
  /** How long `results` is null after CANCELLED, in ms or Infinity. Default: 0. */
  readonly cancelledResultsNullMs?: number;
  /** How long the late rows are missing in `results` after COMPLETED or CANCELLED, in ms or Infinity. Default: 0. */
  readonly lateRowsMs?: number;
  /**
   * How long the late rows have neither `job_reference` nor `error_message` after COMPLETED or CANCELLED, in ms or Infinity.
   * Has no effect unless longer than `lateRowsMs`. Default: 0.
   */
  readonly lateJobsMs?: number;
  /** Share of the rows (0 to 1) that are late. They are spread evenly, and the first row is one of them. Default: 0.5. */
  readonly lateRowsShare?: number;
  /** Whether each GET returns the rows of `results` in another random order. Default: false. */
  readonly shuffleResults?: boolean;

  /** How long a new batch is missing in `GET /api/v2/batches`, in ms or Infinity. Default: 0. */
  readonly listLagMs?: number;
  /** How long a new job is missing in the lists of jobs, in ms or Infinity. Default: 0. */
  readonly jobListLagMs?: number;
  /** How long `GET` by id answers 404 for a new batch or job, in ms or Infinity. Default: 0. */
  readonly readLagMs?: number;
  /**
   * How far LlamaCloud's clock is ahead of this machine's, in ms; negative if it is behind. Applies to every `created_at` and
   * `updated_at`, and to the filters by `created_at`. `Date`, `Retry-After` and the `timestamp` of webhooks keep this machine's
   * time. Default: 0.
   */
  readonly clockOffsetMs?: number;
  /**
   * Whether a list of batches by `source_directory_id` also contains five older batches of unusual shape: without `config`,
   * with the job type of another product, with numeric times, without `source_directory_id`, and with the status ARCHIVED.
   * Default: false.
   */
  readonly unusualBatches?: boolean;

  /**
   * What an upload whose `unique_id` the directory already has gets, which the API does not say: 409, the file that is there, or
   * a second file, which a batch then processes too. Default: `second-file`, the one that costs most.
   */
  readonly duplicateUploads?: DuplicateUploads;
  /** A larger file is refused with 413, in bytes. Default: 512,000,000. */
  readonly maxUploadBytes?: number;
  /** More uploads in `uploadWindowMs` are refused with 429; or Infinity. Default: Infinity: the API does not say it. */
  readonly maxUploadsPerWindow?: number;
  /** The time of `maxUploadsPerWindow`, in ms. Default: 5,000. */
  readonly uploadWindowMs?: number;
  /** Time from the creation of an ephemeral directory to its `expires_at`, when it is gone, in ms. Default: 86,400,000 (a day). */
  readonly ephemeralDirectoryMs?: number;
  /** How long a new directory is missing in the list of directories, in ms or Infinity. Default: 0. */
  readonly directoryListLagMs?: number;
  /** How long a new file is missing in the list of its directory, in ms or Infinity. Default: 0. */
  readonly fileListLagMs?: number;

  /** A result of more bytes is null in the response; only its presigned URL gives it. Default: 5,242,880 (5 MiB). */
  readonly inlineLimitBytes?: number;
  /** How long a presigned URL is valid, in ms. Default: 3,600,000 (one hour). */
  readonly presignedUrlTtlMs?: number;
  /** A batch over a directory with more files is refused with 400. Default: 1,000. */
  readonly maxFilesPerBatch?: number;
  /** Items on a page if the request has no `page_size`. Default: 20. */
  readonly defaultPageSize?: number;
  /** The largest page; a larger `page_size` is reduced to it. Default: 100. */
  readonly maxPageSize?: number;
  /** Whether the lists of jobs apply the filter `job_ids`; otherwise they ignore it. Default: true. */
  readonly filtersJobIds?: boolean;
  /** Whether lists of parse jobs have their `user_metadata`; otherwise only `GET` by id has it. Default: true. */
  readonly listsUserMetadata?: boolean;
  /** Whether a built-in preset, such as `cfg-PARSE_AGENTIC`, can be read by its id, which the API does not say. Default: false. */
  readonly presetsReadable?: boolean;
  /** Credits of a COMPLETED job for each page. Default: 3. */
  readonly creditsPerPage?: number;
  /** Wait after the first failed delivery of a webhook, in ms; twice as long after the second, the last. Default: 1,000. */
  readonly webhookBackoffMs?: number;
  /** Share of the webhooks (0 to 1) that are never sent. Default: 0. */
  readonly webhookLostShare?: number;
  /** Share of the webhooks (0 to 1) that are sent twice, with the same event id. Default: 0. */
  readonly webhookDoubledShare?: number;
  /** Each webhook is sent up to this much later, at random, in ms: so they arrive in another order. Default: 0. */
  readonly webhookSpreadMs?: number;
}

export type DuplicateUploads = (typeof DUPLICATE_UPLOADS)[number];
export const DUPLICATE_UPLOADS = ['reject', 'return-existing', 'second-file'] as const;

export type CreditsFormat = (typeof CREDITS_FORMATS)[number];
export const CREDITS_FORMATS = ['number', 'string', 'object'] as const;

/**
 * Behaviour that the API's description allows and that a client must cope with: a clock two hours behind, a list that lags
 * by 300 ms, late and shuffled rows, unusual batches. Adds less than half a second to a batch, so that it can be the default
 * of an application's tests.
 */
export const ADVERSE_CONDITIONS: EmulatorBehaviour = {
  clockOffsetMs: -2 * 60 * 60 * 1000,
  listLagMs: 300,
  lateRowsMs: 40,
  lateJobsMs: 80,
  shuffleResults: true,
  unusualBatches: true,
};
