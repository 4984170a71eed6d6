import { parseArgs } from 'node:util';

const USAGE = `npm run soak [-- options]

  --files N          documents of the batch, 1 to 1000 (default: 200)
  --kills N          kills of workers; the server is killed as well (default: 10)
  --fault-rate F     the share of requests that fail, below 1 (default: 0.3)
  --seed N           documents, kills and faults follow from it (default: 7)
  --minutes N        go on with the next seeds until N minutes have passed (default: one seed)
  --workers N        worker processes (default: 2)
  --cluster          use the cluster of \`npm run cluster -- up\`, and kill each of its services, all of them, and PostgreSQL
  --address H:P      use this Temporal server, which is not killed; its search attributes must be registered`;

/** Reads the command line; exits with status 2 when an option is wrong. */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        files: { type: 'string', default: '200' },
        kills: { type: 'string', default: '10' },
        'fault-rate': { type: 'string', default: '0.3' },
        seed: { type: 'string', default: '7' },
        minutes: { type: 'string' },
        workers: { type: 'string', default: '2' },
        cluster: { type: 'boolean', default: false },
        address: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    return {
      files: toInteger('files', values.files, { min: 1, max: 1_000 }),
      kills: toInteger('kills', values.kills, { min: 0 }),
      faultRate: toRate(values['fault-rate']),
      seed: toInteger('seed', values.seed, { min: 0 }),
      forMs: values.minutes === undefined ? 0 : toInteger('minutes', values.minutes, { min: 1 }) * 60_000,
      workers: toInteger('workers', values.workers, { min: 1 }),
      cluster: values.cluster,
      address: values.address,
    };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function toInteger(name, text, { min, max = Number.MAX_SAFE_INTEGER }) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`);
}

function toRate(text) {
  const rate = Number(text);
  if (rate >= 0 && rate < 1) return rate;
  throw new Error('--fault-rate must be at least 0 and below 1');
}
