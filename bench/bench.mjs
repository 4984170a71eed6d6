// `npm run bench`: compares temporal-llamacloud with a baseline and with the vendor's SDK. Prints tables, or one JSON document with
// `--json`. A complete run also writes the tables of docs/performance.md and the figures in docs/images.
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { CLUSTER_DIR, runCluster } from '../scripts/cluster/run-cluster.mjs';
import { startEnvironment } from './environment.mjs';
import { measureDetection, measureWaking } from './measure/detection.mjs';
import { measureChildren, measureFanOut } from './measure/fan-out.mjs';
import { measureMemory } from './measure/memory.mjs';
import { measureWaiting } from './measure/waiting.mjs';
import { measureWallTime } from './measure/wall-time.mjs';
import { renderTables } from './tables.mjs';
import { evaluateTargets } from './targets.mjs';
import { writeDocs } from './write-docs.mjs';

const PARTS = ['fanOut', 'children', 'wallTime', 'waiting', 'detection', 'waking', 'memory'];
const HELP = `npm run bench [-- options]

  --json         print one JSON document
  --only a,b     run some measurements: ${PARTS.join(', ')}; writes no docs
  --quick        run small sizes once; writes no docs
  --repeats n    repeat each measurement n times and take the median (default: 3)
  --cluster      use the cluster of \`npm run cluster -- up\`; writes no docs
  --address H:P  use this Temporal server, whose CPU time is not measured; writes no docs`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    repeats: { type: 'string', default: '3' },
    cluster: { type: 'boolean', default: false },
    address: { type: 'string' },
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
  if (unknown.length > 0) throw new Error(`unknown measurement ${unknown.join(', ')}\n\n${HELP}`);
  const startedMs = Date.now();
  const log = (text) => console.error(`${((Date.now() - startedMs) / 1_000).toFixed(0).padStart(5)} s  ${text}`);
  const repeats = values.quick ? 1 : Number(values.repeats);
  if (!(Number.isInteger(repeats) && repeats > 0)) throw new Error('--repeats must be a whole number above 0');
  const sizes = values.quick ? [20, 100] : [100, 500, 1_000, 3_000];
  const server = values.cluster
    ? { address: await runCluster('up'), clusterDir: CLUSTER_DIR }
    : { address: values.address };
  const start = (emulatorOptions) => startEnvironment(server, emulatorOptions);
  const inEnvironment = async (measure) => {
    const environment = await start();
    try {
      return await measure(environment);
    } finally {
      await environment.close();
    }
  };
  const measures = {
    fanOut: () => inEnvironment((environment) => measureFanOut(environment, { sizes, repeats, log })),
    children: () =>
      inEnvironment((environment) => measureChildren(environment, { repeats, count: values.quick ? 50 : 300, log })),
    wallTime: () =>
      measureWallTime({ start, count: values.quick ? 20 : 200, spreadMs: values.quick ? 5_000 : 30_000, repeats, log }),
    waiting: () => measureWaiting({ log }),
    detection: () => measureDetection({ start, waits: values.quick ? [10_000] : [10_000, 60_000], batches: 10, log }),
    waking: () => measureWaking({ start, repeats: 5, log }),
    memory: () =>
      inEnvironment((environment) =>
        measureMemory(environment, { sizes: values.quick ? [20, 100] : [100, 1_000, 10_000], log }),
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
  const report = { machine, server: describeServer(server), repeats, targets: evaluateTargets(results), results };
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else for (const { title, table } of renderTables(report)) console.log(`\n${title}\n\n${table}`);
  const isComplete = values.only === undefined && !values.quick && server.address === undefined;
  if (isComplete) await writeDocs(report);
}

function describeServer({ address, clusterDir }) {
  if (address === undefined) return 'a development server, its database in memory';
  return clusterDir === undefined ? address : 'a cluster on this machine: PostgreSQL and four services';
}
