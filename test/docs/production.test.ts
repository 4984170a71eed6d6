import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { expect, inject, test } from 'vitest';
import { llamaCloudConfigFromEnv, temporalConfigFromEnv } from '../../src/config/config.js';
import { DEFAULT_SHUTDOWN_GRACE_TIME, workerSettingsFromEnv } from '../../src/config/worker-settings.js';
import { LlamaCloudPlugin } from '../../src/plugin.js';
import { METRICS } from '../../src/protocol/index.js';
import { openNamespace } from '../support/namespace.js';
import { newFolder } from '../support/new-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A name in quotes, whole or as a prefix. */
const NAME = /['"`]((?:LLAMA_CLOUD|LLAMACLOUD|TEMPORAL|OTEL)_[A-Z_]*[A-Z])['"`]/g;

/** Temporal reads these, and this package's code does not name them. */
const READ_BY_ENVCONFIG = /TEMPORAL_[A-Z_]+/g;

/** Named in the text: they have no effect. */
const WITHOUT_EFFECT = /^TEMPORAL_(CODEC_|TLS_DISABLE_HOST_VERIFICATION$)/;

/** The rows of the table, by the name of the variable. */
async function readTable(heading: string): Promise<Map<string, string[]>> {
  const page = await readFile(join(ROOT, 'docs/production.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm);
  return new Map([...rows].map(([, name = '', cells = '']) => [name, cells.split(' | ')]));
}

async function namesIn(folder: string, pattern: RegExp, extension: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(extension)) continue;
    const code = await readFile(join(entry.parentPath, entry.name), 'utf8');
    names.push(...[...code.matchAll(pattern)].map(([name, group]) => group ?? name));
  }
  return [...new Set(names)];
}

test('the table of variables has every one that the code reads, and no other', async () => {
  const table = await readTable('Environment');
  const read = await namesIn(join(ROOT, 'src'), NAME, '.ts');
  expect(read.length).toBeGreaterThan(25);
  const envconfig = join(ROOT, 'node_modules/@temporalio/envconfig/lib');
  const ofTemporal = (await namesIn(envconfig, READ_BY_ENVCONFIG, '.js')).filter((name) => !WITHOUT_EFFECT.test(name));
  expect(ofTemporal.length).toBeGreaterThan(8);
  // A prefix, such as TEMPORAL_GRPC_META_, is a row with three dots.
  const known = [...read, ...ofTemporal].map((name) => (name.endsWith('_') ? `${name}...` : name));
  const documented = [...table.keys()].filter((name) => name !== 'AWS_...');
  expect(known.filter((name) => !table.has(name) && !table.has(`${name}_...`))).toEqual([]);
  const prefixes = documented.filter((name) => name.endsWith('_...'));
  expect(prefixes).toEqual(['TEMPORAL_GRPC_META_...']);
  expect(documented.filter((name) => !known.includes(name) && !prefixes.includes(name))).toEqual([]);
});

test('the table of variables has the defaults of the code', async () => {
  const table = await readTable('Environment');
  const printed = (name: string) => table.get(name)?.[0]?.replaceAll('`', '');
  const { llamacloud, output } = llamaCloudConfigFromEnv({ LLAMA_CLOUD_API_KEY: 'llx-0123456789' });
  const { namespace, taskQueue } = temporalConfigFromEnv({});
  const settings = workerSettingsFromEnv({});
  const otlp = workerSettingsFromEnv({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317' }).metrics;
  const versioned = workerSettingsFromEnv({ TEMPORAL_DEPLOYMENT_NAME: 'a', TEMPORAL_WORKER_BUILD_ID: 'b' }).options;
  expect(versioned.workerDeploymentOptions?.defaultVersioningBehavior).toBe('AUTO_UPGRADE');
  expect(otlp).toMatchObject({ otel: { http: false, metricsExportInterval: 60_000, temporality: 'cumulative' } });
  const defaults = {
    LLAMA_CLOUD_BASE_URL: llamacloud.baseUrl,
    LLAMACLOUD_OUTPUT: output,
    LLAMACLOUD_TASK_QUEUE: taskQueue,
    TEMPORAL_NAMESPACE: namespace,
    LLAMACLOUD_LOG_LEVEL: settings.logLevel,
    LLAMACLOUD_LOG_FORMAT: settings.logFormat,
    LLAMACLOUD_SHUTDOWN_GRACE_TIME: DEFAULT_SHUTDOWN_GRACE_TIME,
    LLAMACLOUD_VERSIONING_BEHAVIOR: 'auto-upgrade',
    OTEL_METRIC_EXPORT_INTERVAL: '60000',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  };
  expect(Object.fromEntries(Object.keys(defaults).map((name) => [name, printed(name)]))).toEqual(defaults);
});

test("the table has the slots and pollers of Temporal's worker, which takes those of the environment", async () => {
  const { nativeConnection, namespace } = await openNamespace();
  const output = await newFolder('production-');
  const create = async (env: Record<string, string>) => {
    const worker = await Worker.create({
      connection: nativeConnection,
      namespace,
      taskQueue: 'production',
      workflowBundle: { codePath: inject('workflowBundle') },
      plugins: [new LlamaCloudPlugin({ apiKey: 'llx-0123456789', output }, {})],
      ...workerSettingsFromEnv(env).options,
    });
    await worker.runUntil(async () => undefined);
    return worker.options;
  };
  const table = await readTable('Environment');
  const printed = (name: string) => Number(table.get(name)?.[0]?.replaceAll('`', ''));
  const slots = (numSlots: number) => ({ type: 'fixed-size', numSlots });
  const pollers = (maximum: number) => ({ type: 'simple-maximum', maximum });
  expect(await create({})).toMatchObject({
    shutdownGraceTimeMs: 20_000,
    tuner: {
      activityTaskSlotSupplier: slots(printed('LLAMACLOUD_MAX_CONCURRENT_ACTIVITIES')),
      localActivityTaskSlotSupplier: slots(printed('LLAMACLOUD_MAX_CONCURRENT_LOCAL_ACTIVITIES')),
      workflowTaskSlotSupplier: slots(printed('LLAMACLOUD_MAX_CONCURRENT_WORKFLOW_TASKS')),
    },
    activityTaskPollerBehavior: pollers(printed('LLAMACLOUD_ACTIVITY_POLLERS')),
    workflowTaskPollerBehavior: pollers(printed('LLAMACLOUD_WORKFLOW_POLLERS')),
  });
  const changed = await create({
    LLAMACLOUD_MAX_CONCURRENT_ACTIVITIES: '7',
    LLAMACLOUD_ACTIVITY_POLLERS: 'auto',
    LLAMACLOUD_WORKFLOW_POLLERS: '3',
    LLAMACLOUD_MAX_CACHED_WORKFLOWS: '11',
    LLAMACLOUD_SHUTDOWN_GRACE_TIME: '3 minutes',
  });
  expect(changed).toMatchObject({
    shutdownGraceTimeMs: 180_000,
    maxCachedWorkflows: 11,
    tuner: { activityTaskSlotSupplier: slots(7) },
    activityTaskPollerBehavior: { type: 'autoscaling' },
    workflowTaskPollerBehavior: pollers(3),
  });
  const tuned = await create({ LLAMACLOUD_TARGET_MEMORY_USAGE: '0.8', LLAMACLOUD_TARGET_CPU_USAGE: '0.9' });
  expect(tuned.tuner.activityTaskSlotSupplier).toMatchObject({ type: 'resource-based' });
});

test('the table of metrics has those of the code, with their units and tags', async () => {
  const table = await readTable('Metrics');
  expect([...table.keys()]).toEqual(Object.keys(METRICS));
  for (const [name, { kind, unit, tags }] of Object.entries(METRICS)) {
    const [kindAndUnit, printedTags = ''] = table.get(name) ?? [];
    const unitName = unit === 's' ? 'seconds' : `${unit.slice(1, -1)}${unit === '{batch}' ? 'es' : 's'}`;
    expect(kindAndUnit, name).toBe(`${kind}, ${unitName}`);
    expect(
      [...printedTags.matchAll(/`(\w+)`/g)].map(([, tag]) => tag),
      name,
    ).toEqual([...tags]);
  }
});
