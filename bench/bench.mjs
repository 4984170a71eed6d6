// `npm run bench`: ours beside what else one would write, in one run, on one server and one emulator. Prints tables, or with `--json` one
// document; a whole run draws the figures of docs/images and writes the tables of docs/performance.md.
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { startEnvironment } from './environment.mjs';
import { children, fanOut } from './measure/fan-out.mjs';
import { memory } from './measure/memory.mjs';
import { detection, waiting, waking } from './measure/waiting.mjs';
import { wallTime } from './measure/wall-time.mjs';
import { tablesOf } from './tables.mjs';
import { targetsOf } from './targets.mjs';
import { writeDocs } from './write-docs.mjs';

const PARTS = ['fanOut', 'children', 'wallTime', 'waiting', 'detection', 'waking', 'memory'];
const HELP = `npm run bench [-- options]

  --json         one JSON document on stdout
  --only a,b     of ${PARTS.join(', ')}; nothing is written to docs
  --quick        small sizes, one repeat; nothing is written to docs
  --repeats n    default 3; of each the median`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    repeats: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else await bench();

async function bench() {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
  const parts = values.only?.split(',') ?? PARTS;
  const unknown = parts.filter((part) => !PARTS.includes(part));
  if (unknown.length > 0) throw new Error(`there is no part ${unknown.join(', ')}. ${HELP}`);
  const started = Date.now();
  const say = (text) => console.error(`${((Date.now() - started) / 1_000).toFixed(0).padStart(5)} s  ${text}`);
  const repeats = values.quick ? 1 : Number(values.repeats);
  if (!(Number.isInteger(repeats) && repeats > 0)) throw new Error('--repeats has to be a whole number above 0');
  const sizes = values.quick ? [20, 100] : [100, 500, 1_000, 3_000];
  const measures = {
    fanOut: () => inEnvironment((environment) => fanOut(environment, { sizes, repeats, say })),
    children: () =>
      inEnvironment((environment) => children(environment, { repeats, count: values.quick ? 50 : 300, say })),
    wallTime: () => wallTime({ count: values.quick ? 20 : 200, spreadMs: values.quick ? 5_000 : 30_000, repeats, say }),
    waiting: () => waiting({ say }),
    detection: () => detection({ waits: values.quick ? [10_000] : [10_000, 60_000], batches: 10, say }),
    waking: () => waking({ repeats: 5, say }),
    memory: () =>
      inEnvironment((environment) =>
        memory(environment, { sizes: values.quick ? [20, 100] : [100, 1_000, 10_000], say }),
      ),
  };
  const results = {};
  for (const part of PARTS) if (parts.includes(part)) results[part] = await measures[part]();
  const machine = {
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const report = { machine, repeats, targets: targetsOf(results), results };
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else for (const { title, table } of tablesOf(report)) console.log(`\n${title}\n\n${table}`);
  if (values.only === undefined && !values.quick) await writeDocs(report);
}

async function inEnvironment(measure) {
  const environment = await startEnvironment();
  try {
    return await measure(environment);
  } finally {
    await environment.close();
  }
}
