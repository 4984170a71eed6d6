/**
 * How the emulator behaves. Everything is optional; durations are in milliseconds. Durations marked "or Infinity" may last
 * for ever.
 */
export interface EmulatorOptions extends EmulatorBehaviour {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. Default 0. */
  readonly port?: number;
  /** The only key that is accepted. Default `llx-emulator-` and a number that follows from the seed. */
  readonly apiKey?: string;
  /** Decides ids, spread and random faults: the same seed and the same requests give the same run. Default: random. */
  readonly seed?: number;
  /** Share of the API requests (0 to 1) that meet a fault of a random kind. Default 0. */
  readonly faultRate?: number;
  /** Share of the presigned downloads (0 to 1) that meet a fault of a random kind. Default 0. */
  readonly downloadFaultRate?: number;
  /**
   * Ids of the saved configurations (`cfg-...`) that exist beside the built-in presets, such as `cfg-PARSE_AGENTIC`. Creating
   * a batch with any other id answers 404. Default: none.
   */
  readonly configurationIds?: readonly string[];
}

/** What {@link LlamaCloudEmulator.configure} can change while the emulator runs. */
export interface EmulatorBehaviour {
  /** How long a batch is PENDING. Default 200. */
  readonly batchPendingMs?: number;
  /** How long a batch is THROTTLED after PENDING; 0 leaves the phase out. Default 0. */
  readonly batchThrottledMs?: number;
  /** How long a batch is RUNNING; its files are mapped to jobs evenly over that time. Default 800. */
  readonly batchRunningMs?: number;
  /** From the request to cancel a batch until it is CANCELLED, or Infinity. Default 200. */
  readonly batchCancelMs?: number;
  /**
   * Whether the jobs of a batch go on after it is CANCELLED, until each is cancelled by its own id. Default false: they are
   * CANCELLED with the batch.
   */
  readonly jobsContinueAfterCancel?: boolean;

  /** How long a job is PENDING, from when its file was mapped. Default 100. */
  readonly jobPendingMs?: number;
  /**
   * The shortest time that a job is RUNNING, or Infinity; it also runs until its document is really parsed. Default 300.
   */
  readonly jobRunningMs?: number;
  /** Up to this much more RUNNING for each job, so that jobs end spread over a time. Default 0. */
  readonly jobSpreadMs?: number;
  /** How long `usage.credits` stays null after a job ended. Default 0. */
  readonly creditsNullMs?: number;
  /** How `usage.credits` is written: `3`, `"3"` or `{ "value": 3, "unit": "credits" }`. Default `number`. */
  readonly creditsFormat?: CreditsFormat;
  /** Whether the `error_message` of a FAILED job holds a presigned URL. Default false. */
  readonly urlsInErrorMessages?: boolean;

  /** How long `results` stays null after COMPLETED, or Infinity. Default 0. */
  readonly resultsNullMs?: number;
  /** How long `results` stays null after CANCELLED, or Infinity. Default 0. */
  readonly cancelledResultsNullMs?: number;
  /** How long the late rows are absent from `results` after COMPLETED or CANCELLED, or Infinity. Default 0. */
  readonly lateRowsMs?: number;
  /**
   * How long the late rows have neither `job_reference` nor `error_message` after COMPLETED or CANCELLED, or Infinity.
   * Shows once `lateRowsMs` is over, so it must be longer to have an effect. Default 0.
   */
  readonly lateJobsMs?: number;
  /** Share of the rows (0 to 1) that are late, evenly spread, the first one among them. Default 0.5. */
  readonly lateRowsShare?: number;
  /** Whether the rows of `results` come in another order at each GET, which follows from the seed. Default false. */
  readonly shuffleResults?: boolean;

  /** How long a new batch is absent from `GET /api/v2/batches`, or Infinity. By its id it is there at once. Default 0. */
  readonly listLagMs?: number;
  /** How long a new job is absent from the lists of jobs, or Infinity. By its id it is there at once. Default 0. */
  readonly jobListLagMs?: number;
  /** How long `GET` by id answers 404 for a new batch or job, or Infinity. Default 0. */
  readonly readLagMs?: number;
  /**
   * How far LlamaCloud's clock is ahead of this machine's; negative when it is behind. Moves every `created_at` and
   * `updated_at`, and the filters by `created_at`. `Date`, `Retry-After` and the `timestamp` of webhooks keep this machine's
   * clock, as those of a proxy would. Default 0.
   */
  readonly clockOffsetMs?: number;
  /**
   * Whether a list of batches by `source_directory_id` also shows a few older ones that a client must not stumble over:
   * without `config`, of another product, with a numeric `created_at`, without `source_directory_id`, ARCHIVED.
   * Default false.
   */
  readonly unusualBatches?: boolean;

  /** A result above this many bytes is answered as null, and only its presigned URL leads to it. Default 5 MiB. */
  readonly inlineLimitBytes?: number;
  /** How long a presigned URL is good for. Default one hour. */
  readonly presignedUrlTtlMs?: number;
  /** A batch over a directory with more files is refused with 400. Default 1000. */
  readonly maxFilesPerBatch?: number;
  /** Items on a page when the request does not say. Default 20. */
  readonly defaultPageSize?: number;
  /** A larger `page_size` is cut to this. Default 100. */
  readonly maxPageSize?: number;
  /** Does the list of jobs heed `job_ids`? One that does not lists all of them. Default true. */
  readonly filtersJobIds?: boolean;
  /** Credits that a completed job costs for each page. Default 3. */
  readonly creditsPerPage?: number;
  /** The wait after the first failed delivery of a webhook; it doubles after the second. Default 1000. */
  readonly webhookBackoffMs?: number;
}

export type CreditsFormat = (typeof CREDITS_FORMATS)[number];
const CREDITS_FORMATS = ['number', 'string', 'object'] as const;

/** {@link EmulatorOptions} with every value present. */
export type Settings = Required<EmulatorOptions>;

const DEFAULTS: Omit<Settings, 'apiKey' | 'seed'> = {
  host: '127.0.0.1',
  port: 0,
  faultRate: 0,
  downloadFaultRate: 0,
  configurationIds: [],
  batchPendingMs: 200,
  batchThrottledMs: 0,
  batchRunningMs: 800,
  batchCancelMs: 200,
  jobsContinueAfterCancel: false,
  jobPendingMs: 100,
  jobRunningMs: 300,
  jobSpreadMs: 0,
  creditsNullMs: 0,
  creditsFormat: 'number',
  urlsInErrorMessages: false,
  resultsNullMs: 0,
  cancelledResultsNullMs: 0,
  lateRowsMs: 0,
  lateJobsMs: 0,
  lateRowsShare: 0.5,
  shuffleResults: false,
  listLagMs: 0,
  jobListLagMs: 0,
  readLagMs: 0,
  clockOffsetMs: 0,
  unusualBatches: false,
  inlineLimitBytes: 5 * 1024 * 1024,
  presignedUrlTtlMs: 60 * 60 * 1000,
  maxFilesPerBatch: 1000,
  defaultPageSize: 20,
  maxPageSize: 100,
  filtersJobIds: true,
  creditsPerPage: 3,
  webhookBackoffMs: 1000,
};

/**
 * What the API's description allows and a kind stand-in never does: a clock two hours behind, a list that lags, rows that
 * come late and in any order, strange batches beside one's own. Adds less than half a second to a batch, so that it can be
 * the default of an application's own tests.
 */
export const ADVERSE_CONDITIONS: EmulatorBehaviour = {
  clockOffsetMs: -2 * 60 * 60 * 1000,
  listLagMs: 300,
  lateRowsMs: 40,
  lateJobsMs: 80,
  shuffleResults: true,
  unusualBatches: true,
};

/** Fills in the defaults. Throws a `RangeError` that names the option when a value makes no sense. */
export function resolveOptions(options: EmulatorOptions): Settings {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const settings: Settings = { ...DEFAULTS, apiKey: `llx-emulator-${seed}`, ...options, seed };
  checkSettings(settings);
  return settings;
}

const MAY_BE_INFINITE = new Set<string>([
  'batchCancelMs',
  'jobRunningMs',
  'resultsNullMs',
  'cancelledResultsNullMs',
  'lateRowsMs',
  'lateJobsMs',
  'listLagMs',
  'jobListLagMs',
  'readLagMs',
]);
const MAY_BE_NEGATIVE = new Set<string>(['seed', 'clockOffsetMs']);

/** Throws a `RangeError` that names the first option whose value makes no sense. */
export function checkSettings(settings: Settings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== 'number') continue;
    const isNumber = Number.isFinite(value) || (value === Number.POSITIVE_INFINITY && MAY_BE_INFINITE.has(name));
    if (!isNumber) throw new RangeError(`${name} must be a number, and is ${value}`);
    if (value < 0 && !MAY_BE_NEGATIVE.has(name)) throw new RangeError(`${name} must be 0 or more, and is ${value}`);
  }
  for (const name of ['faultRate', 'downloadFaultRate', 'lateRowsShare'] as const) {
    if (settings[name] > 1) throw new RangeError(`${name} must be between 0 and 1, and is ${settings[name]}`);
  }
  for (const name of ['defaultPageSize', 'maxPageSize'] as const) {
    if (!(Number.isInteger(settings[name]) && settings[name] >= 1)) {
      throw new RangeError(`${name} must be a whole number above 0, and is ${settings[name]}`);
    }
  }
  if (!CREDITS_FORMATS.includes(settings.creditsFormat)) {
    throw new RangeError(
      `creditsFormat must be one of ${CREDITS_FORMATS.join(', ')}, and is ${settings.creditsFormat}`,
    );
  }
}
