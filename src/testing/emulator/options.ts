/** How the emulator behaves. Everything is optional; durations are in milliseconds. */
export interface EmulatorOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. Default 0. */
  readonly port?: number;
  /** The only key that is accepted. Default `llx-emulator-` and a number that follows from the seed. */
  readonly apiKey?: string;
  /** Decides ids, spread and random faults: the same seed and the same requests give the same run. Default: random. */
  readonly seed?: number;

  /** How long a batch is PENDING. Default 200. */
  readonly batchPendingMs?: number;
  /** How long a batch is THROTTLED after PENDING; 0 leaves the phase out. Default 0. */
  readonly batchThrottledMs?: number;
  /** How long a batch is RUNNING; its files are mapped to jobs evenly over that time. Default 800. */
  readonly batchRunningMs?: number;
  /** From the request to cancel a batch until it is CANCELLED. Default 200. */
  readonly batchCancelMs?: number;
  /** How long `results` stays null after COMPLETED. Default 0. */
  readonly resultsNullMs?: number;

  /** How long a job is PENDING, from when its file was mapped. Default 100. */
  readonly jobPendingMs?: number;
  /** The shortest time that a job is RUNNING; it also runs until its document is really parsed. Default 300. */
  readonly jobRunningMs?: number;
  /** Up to this much more RUNNING for each job, so that jobs end spread over a time. Default 0. */
  readonly jobSpreadMs?: number;
  /** How long `usage.credits` stays null after a job ended. Default 0. */
  readonly usageNullMs?: number;

  /** Share of the API requests (0 to 1) that meet a fault of a random kind. Default 0. */
  readonly faultRate?: number;
  /** A result above this many bytes is answered as null, and only its presigned URL leads to it. Default 5 MiB. */
  readonly inlineLimitBytes?: number;
  /** How long a presigned URL is good for. Default one hour. */
  readonly presignedUrlMs?: number;
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

/** {@link EmulatorOptions} with every value present. */
export type Settings = Required<EmulatorOptions>;

const DEFAULTS: Omit<Settings, 'apiKey' | 'seed'> = {
  host: '127.0.0.1',
  port: 0,
  batchPendingMs: 200,
  batchThrottledMs: 0,
  batchRunningMs: 800,
  batchCancelMs: 200,
  resultsNullMs: 0,
  jobPendingMs: 100,
  jobRunningMs: 300,
  jobSpreadMs: 0,
  usageNullMs: 0,
  faultRate: 0,
  inlineLimitBytes: 5 * 1024 * 1024,
  presignedUrlMs: 60 * 60 * 1000,
  maxFilesPerBatch: 1000,
  defaultPageSize: 20,
  maxPageSize: 100,
  filtersJobIds: true,
  creditsPerPage: 3,
  webhookBackoffMs: 1000,
};

/** Fills in the defaults. Throws a `RangeError` that names the option when a number makes no sense. */
export function resolveOptions(options: EmulatorOptions): Settings {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const settings: Settings = { ...DEFAULTS, apiKey: `llx-emulator-${seed}`, ...options, seed };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== 'number' || name === 'seed') continue;
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`${name} must be 0 or more, and is ${value}`);
  }
  if (settings.faultRate > 1) throw new RangeError(`faultRate must be between 0 and 1, and is ${settings.faultRate}`);
  for (const name of ['defaultPageSize', 'maxPageSize'] as const) {
    if (!(Number.isInteger(settings[name]) && settings[name] >= 1)) {
      throw new RangeError(`${name} must be a whole number above 0, and is ${settings[name]}`);
    }
  }
  return settings;
}
