import { CREDITS_FORMATS, DUPLICATE_UPLOADS, type EmulatorOptions } from './options.js';

/** {@link EmulatorOptions} with every default filled in. */
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
  duplicateUploads: 'second-file',
  maxUploadBytes: 512_000_000,
  maxUploadsPerWindow: Number.POSITIVE_INFINITY,
  uploadWindowMs: 5_000,
  ephemeralDirectoryMs: 24 * 60 * 60 * 1000,
  directoryListLagMs: 0,
  fileListLagMs: 0,
  inlineLimitBytes: 5 * 1024 * 1024,
  presignedUrlTtlMs: 60 * 60 * 1000,
  maxFilesPerBatch: 1000,
  defaultPageSize: 20,
  maxPageSize: 100,
  filtersJobIds: true,
  creditsPerPage: 3,
  webhookBackoffMs: 1000,
  webhookLostShare: 0,
  webhookDoubledShare: 0,
  webhookSpreadMs: 0,
};

/** Fills in the defaults. Throws a `RangeError` that names the option if a value is out of range. */
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
  'maxUploadsPerWindow',
  'directoryListLagMs',
  'fileListLagMs',
]);
const SHARES = ['faultRate', 'downloadFaultRate', 'lateRowsShare', 'webhookLostShare', 'webhookDoubledShare'] as const;
const MAY_BE_NEGATIVE = new Set<string>(['seed', 'clockOffsetMs']);

/** Throws a `RangeError` that names the first option whose value is out of range. */
export function checkSettings(settings: Settings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value !== 'number') continue;
    const isNumber = Number.isFinite(value) || (value === Number.POSITIVE_INFINITY && MAY_BE_INFINITE.has(name));
    if (!isNumber) throw new RangeError(`${name} must be a number, and is ${value}`);
    if (value < 0 && !MAY_BE_NEGATIVE.has(name)) throw new RangeError(`${name} must be 0 or more, and is ${value}`);
  }
  for (const name of SHARES) {
    if (settings[name] > 1) throw new RangeError(`${name} must be between 0 and 1, and is ${settings[name]}`);
  }
  for (const name of ['defaultPageSize', 'maxPageSize'] as const) {
    if (!(Number.isInteger(settings[name]) && settings[name] >= 1)) {
      throw new RangeError(`${name} must be a whole number above 0, and is ${settings[name]}`);
    }
  }
  checkChoice('creditsFormat', settings.creditsFormat, CREDITS_FORMATS);
  checkChoice('duplicateUploads', settings.duplicateUploads, DUPLICATE_UPLOADS);
}

function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): void {
  if (!choices.includes(value)) throw new RangeError(`${name} must be one of ${choices.join(', ')}, and is ${value}`);
}
