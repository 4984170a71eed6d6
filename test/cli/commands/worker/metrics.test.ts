import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { METRICS } from '../../../../src/protocol/index.js';
import { findFreePort } from '../../../../src/testing/temporal/free-port.js';
import { listening } from '../../../llamacloud/support.js';
import { failureOf } from '../../../support/failure.js';
import { openNamespace, type TestNamespace } from '../../../support/namespace.js';
import { parseInput } from '../../../support/test-environment.js';
import { until } from '../../../support/until.js';
import { type DeployedWorker, deployWorker, untilPolling } from './support.js';

const ROOT = new URL('../../../../', import.meta.url);

const FILES = [
  { name: 'good.md', content: '# Good' },
  { name: 'also good.md', content: '# Good' },
  { name: 'bad.pdf', content: 'no PDF at all' },
];

/** One value of a metric. */
interface Sample {
  name: string;
  tags: Record<string, string>;
  value: number;
}

describe('the metrics of a worker', () => {
  let temporal: TestNamespace;

  beforeAll(async () => {
    temporal = await openNamespace();
  });

  /** A batch that takes seconds, with a file that fails, one that is rejected, and one that gets stuck and is cancelled. */
  async function runBatches({ batches, emulator }: DeployedWorker): Promise<void> {
    const { id } = await emulator.addDirectory(FILES);
    const report = await (await batches.start(parseInput(id))).result();
    expect(report.files).toMatchObject({ completed: 2, failed: 1 });
    const denied = await emulator.addDirectory(FILES);
    emulator.faults.next({ kind: 'status', status: 422, method: 'POST', path: '/api/v2/batches' });
    await failureOf((await batches.start(parseInput(denied.id))).result());
    emulator.configure({ batchRunningMs: 3_600_000, jobRunningMs: 3_600_000 });
    const quiet = await emulator.addDirectory(FILES);
    const run = await batches.start({ ...parseInput(quiet.id), stuckAfter: '1 second' });
    await until('the run to be stuck while it waits', async () => {
      const { phase, stuck } = await run.progress();
      return phase === 'waiting' && stuck !== null;
    });
    await run.cancel();
    await failureOf(run.result());
  }

  test('count batches, files, credits, requests and waits, and the dashboard shows what is really there', async () => {
    const address = `127.0.0.1:${await findFreePort()}`;
    const deployed = await deployWorker(
      temporal,
      { LLAMACLOUD_METRICS_ADDRESS: address },
      { batchRunningMs: 3_000, inlineLimitBytes: 0 },
    );
    await untilPolling(deployed.worker);
    const startedMs = performance.now();
    await runBatches(deployed);
    const scrape = async () => readSamples(await (await fetch(`http://${address}/metrics`)).text());
    // A metric of a workflow is recorded after its task.
    const samples = await until('the last outcome', async () => {
      const found = await scrape();
      return sum(found, 'llamacloud_batch_outcome', { outcome: 'cancelled' }) === 1 ? found : undefined;
    });

    const job_type = 'parse_v2';
    expect(sum(samples, 'llamacloud_batch_outcome', { outcome: 'completed', failure_type: 'none', job_type })).toBe(1);
    expect(
      sum(samples, 'llamacloud_batch_outcome', { outcome: 'failed', failure_type: 'RequestRejected', job_type }),
    ).toBe(1);
    expect(sum(samples, 'llamacloud_file_outcome', { outcome: 'completed', failure_type: 'none', job_type })).toBe(2);
    expect(sum(samples, 'llamacloud_file_outcome', { outcome: 'failed', failure_type: 'JobFailed', job_type })).toBe(1);
    expect(sum(samples, 'llamacloud_file_credits_sum', { job_type })).toBeGreaterThan(0);
    const requests = (method: string, route: string, status: string) =>
      sum(samples, 'llamacloud_request', { method, route, status });
    expect(requests('POST', '/api/v2/batches', '201')).toBe(2);
    expect(requests('POST', '/api/v2/batches', '422')).toBe(1);
    expect(requests('GET', '/api/v2/batches/{id}', '200')).toBeGreaterThan(1);
    expect(requests('GET', '/api/v2/parse/{id}', '200')).toBeGreaterThanOrEqual(3);
    expect(requests('GET', '/api/v1/beta/directories/{id}/files', '200')).toBeGreaterThan(1);
    expect(requests('GET', 'presigned document', '200')).toBe(2);
    const routes = new Set(samples.flatMap(({ tags: { route } }) => route ?? []));
    // No id is in a route: each would be a new time series.
    expect([...routes].join()).not.toMatch(/\b(dir|bat|pjb|cfg)-/);
    expect(sum(samples, 'llamacloud_request_latency_count', { route: '/api/v2/batches/{id}' })).toBeGreaterThan(1);
    expect(sum(samples, 'llamacloud_batch_wait_latency_count', { batch_status: 'COMPLETED', job_type })).toBe(1);
    expect(sum(samples, 'llamacloud_batch_stuck', { phase: 'waiting', job_type })).toBeGreaterThanOrEqual(1);
    // Values are in seconds: in milliseconds the wait would be longer than the test.
    const waitedSeconds = sum(samples, 'llamacloud_batch_wait_latency_sum', {});
    expect(waitedSeconds).toBeGreaterThan(0);
    expect(waitedSeconds).toBeLessThan((performance.now() - startedMs) / 1_000);
    expect(sum(samples, 'llamacloud_batch_detection_latency_count', { batch_status: 'COMPLETED' })).toBe(1);
    // The SDK's own buckets end at 10 s.
    expect(sum(samples, 'llamacloud_batch_wait_latency_bucket', { le: '604800' })).toBe(1);
    expect(sum(samples, 'temporal_workflow_endtoend_latency_count', { workflow_type: 'processBatch' })).toBe(3);

    for (const [name, { tags }] of Object.entries(METRICS)) {
      const ofMetric = samples.find((sample) => sample.name === name || sample.name === `${name}_sum`);
      const kind = 'workflowType' in (ofMetric?.tags ?? {}) ? 'workflowType' : 'activityType';
      expect(Object.keys(ofMetric?.tags ?? {}).sort(), name).toEqual([...tags, 'namespace', 'taskQueue', kind].sort());
    }
    const names = new Set(samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')));
    expect([...names]).toEqual(expect.arrayContaining(Object.keys(METRICS)));
    const shown = await readDashboardMetrics();
    expect(shown.length).toBeGreaterThan(15);
    // Of our own, the dashboard shows all.
    expect(shown).toEqual(expect.arrayContaining(Object.keys(METRICS)));
    expect(shown.filter((name) => !names.has(name))).toEqual([]);
    await checkDashboardTags(samples);
  });

  test('go to a collector by OTLP, with what the standard variables say', async () => {
    const exports: { url: string | undefined; token: string | undefined; body: string }[] = [];
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const token = request.headersDistinct['x-token']?.[0];
        exports.push({ url: request.url, token, body: Buffer.concat(chunks).toString('latin1') });
        response.end();
      });
    });
    const collectorUrl = await listening(collector);
    onTestFinished(() => {
      collector.closeAllConnections();
      collector.close();
    });
    const deployed = await deployWorker(temporal, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-token=planted-token',
      OTEL_SERVICE_NAME: 'documents-worker',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
    });
    await untilPolling(deployed.worker);
    await runBatches(deployed);
    const { url, token, body } = await until('all metrics', () =>
      exports.find(({ body }) => Object.keys(METRICS).every((name) => body.includes(name)) && body.includes('failed')),
    );
    expect({ url, token }).toEqual({ url: '/v1/metrics', token: 'planted-token' });
    expect(body).toContain('documents-worker');
    expect(body).toContain('deployment.environment');
    expect(body).toContain('temporal_workflow_completed');
  });

  test('are not exposed where their address is taken: the worker says so', async () => {
    const taken = createServer();
    const port = Number(new URL(await listening(taken)).port);
    onTestFinished(() => {
      taken.close();
    });
    const deployed = await deployWorker(temporal, { LLAMACLOUD_METRICS_ADDRESS: `127.0.0.1:${port}` });
    const { code, stderr } = await deployed.worker.end();
    expect(code).toBe(1);
    expect(stderr).toContain(`error: The metrics can't be served at 127.0.0.1:${port}`);
  });
});

/** Reads Prometheus's text format. */
function readSamples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, tags = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...tags.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text]);
    return { name, tags: Object.fromEntries(pairs), value: Number(value) };
  });
}

function sum(samples: readonly Sample[], name: string, tags: Record<string, string>): number {
  return samples
    .filter(
      (sample) => sample.name === name && Object.entries(tags).every(([key, value]) => sample.tags[key] === value),
    )
    .reduce((total, { value }) => total + value, 0);
}

async function readExpressions(): Promise<string[]> {
  const dashboard = await readFile(new URL('docs/grafana-dashboard.json', ROOT), 'utf8');
  JSON.parse(dashboard);
  return [...dashboard.matchAll(/"(?:expr|query)": ("(?:[^"\\]|\\.)*")/g)].map(([, text = '']) => JSON.parse(text));
}

/** The metrics that the dashboard asks for, without the suffixes of histograms. */
async function readDashboardMetrics(): Promise<string[]> {
  const text = (await readExpressions()).join('\n');
  const names = text.match(/\b(?:llamacloud|temporal)_\w+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))];
}

/** Each tag that the dashboard groups or filters by is one of the metric. */
async function checkDashboardTags(samples: readonly Sample[]): Promise<void> {
  for (const expression of await readExpressions()) {
    const [name] = /\b(?:llamacloud|temporal)_\w+/.exec(expression) ?? [];
    if (name === undefined) continue;
    const known = new Set(samples.filter((sample) => sample.name === name).flatMap(({ tags }) => Object.keys(tags)));
    const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
    const filtered = [...expression.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, tag = '']) => tag);
    for (const tag of [...grouped, ...filtered]) expect(known, `${tag} in ${expression}`).toContain(tag);
  }
}
