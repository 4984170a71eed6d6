/** Where metrics go, by environment: to a Prometheus endpoint of the worker, or to a collector by OTLP. */
import type { MetricsExporterConfig } from '@temporalio/worker';
import { isHttpUrl } from '../llamacloud/validate.js';
import { METRIC_BUCKETS } from '../protocol/index.js';
import { type Environment, readText } from './environment.js';

export type MetricsSettings = MetricsExporterConfig;

const PROTOCOLS = ['grpc', 'http/protobuf'] as const;

/** As the SDK's defaults, in seconds: as for Temporal's SDKs for Go and Java, and as Prometheus recommends. */
const FORMAT = { useSecondsForDurations: true, histogramBucketOverrides: { ...METRIC_BUCKETS } };

/** Of OpenTelemetry's specification. */
const DEFAULT_EXPORT_INTERVAL_MS = 60_000;

/** @param prometheus Address of the Prometheus endpoint. Default: none. */
export function readMetrics(
  env: Environment,
  problems: string[],
  prometheus: { host: string; port: number } | undefined,
): MetricsSettings | undefined {
  const otlp = readOtlp(env, problems);
  if (prometheus === undefined) return otlp;
  if (otlp !== undefined)
    problems.push('LLAMACLOUD_METRICS_ADDRESS and OTEL_EXPORTER_OTLP_... exclude each other: the SDK has one exporter');
  const { host, port } = prometheus;
  const bindAddress = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { prometheus: { bindAddress, ...FORMAT } };
}

/**
 * By the standard variables of OpenTelemetry. Those for metrics go before those for all signals. The SDK itself reads the headers
 * (`OTEL_EXPORTER_OTLP_HEADERS`), `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`.
 */
function readOtlp(env: Environment, problems: string[]): MetricsSettings | undefined {
  const own = readText(env, 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT');
  const common = readText(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const endpoint = own ?? common;
  if (endpoint === undefined || readText(env, 'OTEL_SDK_DISABLED') === 'true') return undefined;
  const [protocolName, protocol = 'grpc'] = readFirst(env, [
    'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
  ]);
  if (!PROTOCOLS.some((known) => known === protocol))
    problems.push(`${protocolName} must be one of ${PROTOCOLS.join(', ')}`);
  const name = own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT';
  // The URL is not in the problem: it may hold a password.
  if (!isHttpUrl(endpoint)) problems.push(`${name} must be an http or https URL, such as http://localhost:4317`);
  const http = protocol === 'http/protobuf';
  return {
    otel: {
      url: http && own === undefined ? `${endpoint.replace(/\/+$/, '')}/v1/metrics` : endpoint,
      http,
      metricsExportInterval: readInterval(env, problems),
      temporality: readTemporality(env, problems),
      ...FORMAT,
    },
  };
}

function readInterval(env: Environment, problems: string[]): number {
  const name = 'OTEL_METRIC_EXPORT_INTERVAL';
  const interval = Number(readText(env, name) ?? DEFAULT_EXPORT_INTERVAL_MS);
  if (Number.isSafeInteger(interval) && interval >= 100) return interval;
  problems.push(`${name} must be a whole number of milliseconds, of at least 100`);
  return DEFAULT_EXPORT_INTERVAL_MS;
}

function readTemporality(env: Environment, problems: string[]): 'cumulative' | 'delta' {
  const name = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
  const preference = (readText(env, name) ?? 'cumulative').toLowerCase();
  if (preference === 'cumulative' || preference === 'delta') return preference;
  problems.push(`${name} must be cumulative or delta`);
  return 'cumulative';
}

/** Name and text of the first variable that is set. */
function readFirst(env: Environment, names: readonly string[]): [name: string, text: string | undefined] {
  for (const name of names) {
    const text = readText(env, name);
    if (text !== undefined) return [name, text];
  }
  return [names[0] ?? '', undefined];
}
