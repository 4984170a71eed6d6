import { parseArgs } from 'node:util';

const USAGE = 'Usage: npm run soak -- [--files 1..1000] [--kills N] [--fault-rate 0..0.99] [--seed N] [--workers 1..]';

/** Reads the command line; exits with status 2 when an option is out of range. */
export function readOptions() {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: '200' },
      kills: { type: 'string', default: '10' },
      'fault-rate': { type: 'string', default: '0.3' },
      seed: { type: 'string', default: '7' },
      workers: { type: 'string', default: '2' },
    },
  });
  const options = {
    files: Number(values.files),
    kills: Number(values.kills),
    faultRate: Number(values['fault-rate']),
    seed: Number(values.seed),
    workers: Number(values.workers),
  };
  const areIntegers = ['files', 'kills', 'seed', 'workers'].every(
    (name) => Number.isInteger(options[name]) && options[name] >= 0,
  );
  const areInRange =
    options.files >= 1 &&
    options.files <= 1_000 &&
    options.faultRate >= 0 &&
    options.faultRate < 1 &&
    options.workers >= 1;
  if (areIntegers && areInRange) return options;
  console.error(USAGE);
  process.exit(2);
}
