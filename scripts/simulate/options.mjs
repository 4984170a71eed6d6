import { parseArgs } from 'node:util';

const USAGE = `npm run simulate [-- options]

  --seeds N          run N seeds (default: 100)
  --seed N           the first seed, or the only one without --seeds (default: 1)
  --minutes N        stop starting seeds after N minutes
  --files N          at most N files in a directory, three times as many in a few (default: 12)
  --concurrency N    scenarios side by side (default: 30)
  --workers N        worker processes (default: 2)
  --address H:P      use this Temporal server; its search attributes must be registered (default: start one)
  --namespace NAME   its namespace (default: default)
  --every-cut        replay each history cut at each of its workflow tasks, not at one that the seed chooses
  --plan             print the plans, and run nothing`;

/** Reads the command line; exits with status 2 when an option is wrong. */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        minutes: { type: 'string' },
        files: { type: 'string', default: '12' },
        concurrency: { type: 'string', default: '30' },
        workers: { type: 'string', default: '2' },
        address: { type: 'string' },
        namespace: { type: 'string', default: 'default' },
        'every-cut': { type: 'boolean', default: false },
        plan: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const defaultSeeds = values.seed === undefined ? 100 : 1;
    return {
      seeds: values.seeds === undefined ? defaultSeeds : toCount('seeds', values.seeds),
      firstSeed: values.seed === undefined ? 1 : toCount('seed', values.seed),
      maxMs: values.minutes === undefined ? Number.POSITIVE_INFINITY : toCount('minutes', values.minutes) * 60_000,
      maxFiles: toCount('files', values.files),
      concurrency: toCount('concurrency', values.concurrency),
      workers: toCount('workers', values.workers),
      address: values.address,
      namespace: values.namespace,
      replaysEveryCut: values['every-cut'],
      printsPlans: values.plan,
    };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function toCount(name, text) {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} must be a whole number above 0`);
  return count;
}
