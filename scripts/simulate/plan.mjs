// The plan of one seed: directories, how the emulator behaves, runs, and what happens to them. Plain JSON, and a function of the seed.
import { seededRandom } from '../seeded-random.mjs';

/** How long the activities look for a batch whose POST lost its response. The plan shows every batch sooner. */
export const LIST_LAG_MS = 5_000;
const MAX_LIST_DELAY_MS = 2_500;
const REQUEST_TIMEOUT_MS = 3_000;

const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' };
const HOUR_MS = 3_600_000;

/** What a scenario does, by how often it is chosen. */
const SHAPES = {
  single: 40,
  rivals: 16,
  again: 8,
  adopt: 12,
  'only-missing': 8,
  directories: 8,
  schedule: 8,
};

/** Edits of the rows of `results`. `rows.mjs` carries them out. */
const ROW_EDITS = [
  'duplicate',
  'duplicate-with-error',
  'unknown-type',
  'error',
  'missing',
  'no-file-id',
  'foreign-file',
  'bad-job-id',
  'neither',
];

/** Faults of the create, of which the API's description forbids none. */
const CREATE_FAULTS = [
  { kind: 'reset-after' },
  { kind: 'reset-before' },
  { kind: 'error-after', retryAfter: 1 },
  { kind: 'error-after', status: 503 },
  { kind: 'truncated' },
  { kind: 'wrong-json' },
  { kind: 'empty' },
  { kind: 'late-effect', effectAfterMs: 1_500 },
  { kind: 'late-effect', effectAfterMs: 500, response: 'unavailable' },
  { kind: 'duplicated' },
  { kind: 'duplicated', response: 'reset' },
  { kind: 'delay', delayMs: REQUEST_TIMEOUT_MS + 500 },
  { kind: 'status', status: 429, retryAfter: 1 },
  { kind: 'status', status: 503 },
];

const OTHER_FAULTS = [
  { target: 'getBatch', kind: 'status', status: 404 },
  { target: 'getBatch', kind: 'status', status: 401 },
  { target: 'getBatch', kind: 'html' },
  { target: 'getBatch', kind: 'status', status: 429, retryAfter: 2 },
  { target: 'listBatches', kind: 'status', status: 500, times: 4 },
  { target: 'listBatches', kind: 'delay', delayMs: REQUEST_TIMEOUT_MS + 500 },
  { target: 'listJobs', kind: 'status', status: 400 },
  { target: 'listJobs', kind: 'status', status: 503, times: 3 },
  { target: 'getJob', kind: 'truncated', times: 3 },
  { target: 'listFiles', kind: 'status', status: 500, times: 5 },
  { target: 'cancelBatch', kind: 'status', status: 500, times: 2 },
  { target: 'cancelBatch', kind: 'reset-after' },
  { target: 'cancelJob', kind: 'status', status: 409 },
  { target: 'cancelJob', kind: 'status', status: 429, retryAfter: 1 },
  { target: 'download', kind: 'truncated-close-delimited' },
  { target: 'download', kind: 'partial', times: 2 },
  { target: 'download', kind: 'signature-mismatch' },
];

/**
 * The plan of a seed.
 *
 * @param maxFiles Upper bound on the files of a directory.
 * @param id Part of all ids of the scenario. A plan that runs again on the same server needs another one.
 */
export function planScenario(seed, { maxFiles = 12, id = `${seed}` } = {}) {
  const choose = chooser(seed);
  const shape = choose.weighted(SHAPES);
  const directoryCount = shape === 'directories' ? choose.integer(2, 4) : 1;
  const directories = Array.from({ length: directoryCount }, (_, index) => planDirectory(id, index, choose, maxFiles));
  const runs = planRuns(id, shape, directories, choose);
  const isCalm = choose.chance(0.15);
  return {
    seed,
    id,
    shape,
    directories,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    emulator: isCalm ? {} : planEmulator(choose),
    faultRate: choose.from([0, 0, 0.05, 0.15, 0.3]),
    downloadFaultRate: choose.from([0, 0, 0.2, 0.4]),
    outputFaultRate: choose.from([0, 0, 0, 0.05, 0.15]),
    createFaults: choose.chance(0.45) ? choose.some(CREATE_FAULTS, choose.integer(1, 3)) : [],
    otherFaults: choose.chance(0.4) ? choose.some(OTHER_FAULTS, choose.integer(1, 3)) : [],
    rowEdits: choose.chance(0.3) ? choose.some(ROW_EDITS, choose.integer(1, 3)) : [],
    runs,
    events: planEvents(choose, runs),
  };
}

function planDirectory(id, index, choose, maxFiles) {
  const count = choose.chance(0.05) ? maxFiles * 3 : choose.integer(1, maxFiles);
  const files = Array.from({ length: count }, (_, file) => ({
    // Names that are equal but for their folder or their case, and names that no file system takes.
    name: choose.from([
      `${file}.md`,
      `${file}/Report.md`,
      `${file}/report.md`,
      `${file} – Grüße 📄.md`,
      `../${file}.md`,
    ]),
    kind: choose.weighted({ text: 88, corrupt: 12 }),
    words: choose.integer(1, 300),
  }));
  for (const file of files) if (file.kind === 'corrupt') file.name = file.name.replace('.md', '.pdf');
  return { id: `dir-sim-${id}-${'abcdefgh'[index]}`, files };
}

function planEmulator(choose) {
  return {
    batchPendingMs: choose.from([0, 200, 1_000]),
    batchThrottledMs: choose.from([0, 0, 600]),
    batchRunningMs: choose.from([0, 500, 2_000, 4_000]),
    batchCancelMs: choose.from([0, 200, 1_500]),
    jobsContinueAfterCancel: choose.chance(0.3),
    jobPendingMs: choose.from([0, 100]),
    jobRunningMs: choose.from([0, 300, 2_000]),
    jobSpreadMs: choose.from([0, 0, 3_000, 8_000]),
    creditsNullMs: choose.from([0, 500, 5_000]),
    creditsFormat: choose.from(['number', 'number', 'string', 'object']),
    urlsInErrorMessages: choose.chance(0.5),
    resultsNullMs: choose.from([0, 0, 2_000]),
    cancelledResultsNullMs: choose.from([0, 0, 2_000]),
    lateRowsMs: choose.from([0, 40, 1_500]),
    lateJobsMs: choose.from([0, 80, 2_000]),
    shuffleResults: choose.chance(0.5),
    listLagMs: choose.from([0, 300, MAX_LIST_DELAY_MS]),
    jobListLagMs: choose.from([0, 0, 2_000]),
    readLagMs: choose.from([0, 0, 1_500]),
    clockOffsetMs: choose.from([0, -2 * HOUR_MS, 2 * HOUR_MS]),
    unusualBatches: choose.chance(0.5),
    inlineLimitBytes: choose.from([600, 5_242_880]),
    filtersJobIds: choose.chance(0.8),
    maxPageSize: choose.from([100, 100, 3]),
  };
}

function planOptions(choose) {
  return withoutUndefined({
    pageSize: choose.from([undefined, undefined, 2, 3, 5]),
    maxConcurrentJobs: choose.from([undefined, undefined, 1, 3]),
    resultsGracePeriod: '4 seconds',
    reportedFailures: choose.from([undefined, undefined, 1]),
    maxFailedFiles: choose.from([undefined, undefined, undefined, undefined, 0, 2]),
    maxFailedPercent: choose.from([undefined, undefined, undefined, undefined, undefined, 20]),
    timeout: choose.weighted({ undefined: 12, '4 seconds': 1, '12 seconds': 1 }),
    jobTimeout: choose.weighted({ undefined: 12, '5 seconds': 1 }),
    onStop: choose.from([undefined, undefined, 'leave']),
    collect: choose.from([undefined, undefined, 'text']),
    poll: choose.from([undefined, undefined, { maximumInterval: '2 seconds' }]),
  });
}

/** The runs, in the order in which they are started. `afterFirst`: the run starts when the first one has ended. */
function planRuns(id, shape, directories, choose) {
  const [{ id: directoryId }] = directories;
  const run = (name, input, more = {}) => ({
    name,
    kind: 'batch',
    workflowId: `sim-${id}-${name}`,
    input: { ...input, ...planOptions(choose) },
    adopts: false,
    atMs: 0,
    afterFirst: false,
    ...more,
  });
  const first = run('first', { directoryId, job: JOB });
  const later = () => choose.integer(0, 3_000);
  switch (shape) {
    case 'rivals': {
      const rivals = Array.from({ length: choose.integer(1, 3) }, (_, index) =>
        run(`rival-${index}`, { directoryId, job: JOB }, { atMs: choose.from([0, 0, later()]) }),
      );
      return [first, ...rivals];
    }
    case 'again':
      // The default workflow id, twice.
      return [
        { ...first, workflowId: null },
        run('again', { directoryId, job: JOB }, { workflowId: null, afterFirst: true }),
      ];
    case 'adopt':
      return [first, run('adopter', { batchId: 'of the first run' }, { adopts: true, atMs: later() })];
    case 'only-missing':
      return [
        first,
        run('rest', { batchId: 'of the first run', onlyMissing: true }, { adopts: true, afterFirst: true }),
      ];
    case 'directories': {
      const directoryIds = directories.map(({ id }) => id);
      return [
        {
          ...run('all', { directoryIds, job: JOB, maxConcurrentBatches: choose.integer(1, 3) }),
          kind: 'directories',
        },
      ];
    }
    case 'schedule':
      return [
        {
          ...first,
          kind: 'schedule',
          triggersAtMs: [0, choose.integer(100, 6_000)],
          overlap: choose.from(['SKIP', 'ALLOW_ALL']),
        },
      ];
    default:
      return [first];
  }
}

/** What people, LlamaCloud and machines do meanwhile, in order. `run` is an index of the runs. */
function planEvents(choose, runs) {
  const kinds = {
    cancel: 24,
    terminate: 5,
    reset: 12,
    wake: 12,
    'reset-activity': 8,
    'pause-activity': 4,
    'cancel-remote-batch': 5,
    'fail-remote-batch': 3,
    'unknown-remote-status': 4,
    'kill-worker': 5,
  };
  const count = choose.weighted({ 0: 30, 1: 40, 2: 20, 3: 10 });
  return Array.from({ length: Number(count) }, () => ({
    kind: choose.weighted(kinds),
    atMs: choose.integer(0, 9_000),
    run: choose.integer(0, runs.length - 1),
    // Which of the possible points or activities.
    share: Math.round(choose.fraction() * 1_000) / 1_000,
  })).sort((a, b) => a.atMs - b.atMs);
}

function chooser(seed) {
  // Spread, since neighbouring seeds of the generator begin alike.
  const fraction = seededRandom(Math.imul(seed + 1, 2_654_435_761));
  const integer = (min, max) => min + Math.floor(fraction() * (max - min + 1));
  const from = (options) => options[integer(0, options.length - 1)];
  return {
    fraction,
    integer,
    from,
    chance: (share) => fraction() < share,
    some: (options, count) => Array.from({ length: count }, () => from(options)),
    /** A key of the object, by its weight. `undefined` for the key of that name. */
    weighted: (weights) => {
      const keys = Object.entries(weights).flatMap(([key, weight]) => Array.from({ length: weight }, () => key));
      const key = from(keys);
      return key === 'undefined' ? undefined : key;
    },
  };
}

function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
