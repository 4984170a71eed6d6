import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config.js';
import { workerSettingsFromEnv } from '../../src/config/worker-settings.js';
import { METRIC_BUCKETS } from '../../src/protocol/index.js';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    workerSettingsFromEnv(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the settings of a worker', () => {
  test('are the defaults where nothing is set, also by empty variables, and the grace time is not 0', () => {
    const defaults = { options: { shutdownGraceTime: '20 seconds' }, logLevel: 'warn', logFormat: 'text' };
    expect(workerSettingsFromEnv({})).toEqual(defaults);
    expect(workerSettingsFromEnv({ LLAMACLOUD_METRICS_ADDRESS: ' ', LLAMACLOUD_ACTIVITY_POLLERS: '' })).toEqual(
      defaults,
    );
  });

  test('are taken from every variable, without the white space around it', () => {
    expect(
      workerSettingsFromEnv({
        LLAMACLOUD_MAX_CONCURRENT_ACTIVITIES: ' 50 ',
        LLAMACLOUD_MAX_CONCURRENT_LOCAL_ACTIVITIES: '60',
        LLAMACLOUD_MAX_CONCURRENT_WORKFLOW_TASKS: '70',
        LLAMACLOUD_ACTIVITY_POLLERS: '5',
        LLAMACLOUD_WORKFLOW_POLLERS: 'auto',
        LLAMACLOUD_MAX_CACHED_WORKFLOWS: '0',
        LLAMACLOUD_SHUTDOWN_GRACE_TIME: '5 minutes',
        LLAMACLOUD_HEALTH_ADDRESS: '[::1]:8080',
        LLAMACLOUD_METRICS_ADDRESS: 'localhost:9464',
        LLAMACLOUD_LOG_LEVEL: 'debug',
        LLAMACLOUD_LOG_FORMAT: 'json',
        TEMPORAL_DEPLOYMENT_NAME: 'documents',
        TEMPORAL_WORKER_BUILD_ID: '2026-11-28',
      }),
    ).toEqual({
      options: {
        maxConcurrentActivityTaskExecutions: 50,
        maxConcurrentLocalActivityExecutions: 60,
        maxConcurrentWorkflowTaskExecutions: 70,
        activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 5 },
        workflowTaskPollerBehavior: { type: 'autoscaling' },
        maxCachedWorkflows: 0,
        shutdownGraceTime: 300_000,
        workerDeploymentOptions: {
          version: { deploymentName: 'documents', buildId: '2026-11-28' },
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'AUTO_UPGRADE',
        },
      },
      health: { host: '::1', port: 8080 },
      metrics: {
        prometheus: {
          bindAddress: '127.0.0.1:9464',
          useSecondsForDurations: true,
          histogramBucketOverrides: METRIC_BUCKETS,
        },
      },
      logLevel: 'debug',
      logFormat: 'json',
    });
  });

  test('have a tuner in place of slots, and runs that are pinned to their version, where that is asked for', () => {
    const { options } = workerSettingsFromEnv({
      LLAMACLOUD_TARGET_MEMORY_USAGE: '0.8',
      LLAMACLOUD_TARGET_CPU_USAGE: '1',
      TEMPORAL_DEPLOYMENT_NAME: 'documents',
      TEMPORAL_WORKER_BUILD_ID: '1',
      LLAMACLOUD_VERSIONING_BEHAVIOR: 'pinned',
    });
    expect(options).toMatchObject({
      tuner: { tunerOptions: { targetMemoryUsage: 0.8, targetCpuUsage: 1 } },
      workerDeploymentOptions: { defaultVersioningBehavior: 'PINNED' },
    });
  });

  test.each([
    ['LLAMACLOUD_MAX_CONCURRENT_ACTIVITIES', '0', 'a whole number of at least 1'],
    ['LLAMACLOUD_MAX_CONCURRENT_WORKFLOW_TASKS', '1', 'at least 2'],
    ['LLAMACLOUD_MAX_CACHED_WORKFLOWS', '1.5', 'a whole number'],
    ['LLAMACLOUD_ACTIVITY_POLLERS', 'many', 'or auto'],
    ['LLAMACLOUD_TARGET_CPU_USAGE', '80', 'above 0 and at most 1'],
    ['LLAMACLOUD_SHUTDOWN_GRACE_TIME', '0s', '1 second to 1 day'],
    ['LLAMACLOUD_SHUTDOWN_GRACE_TIME', '20', 'a duration'],
    ['LLAMACLOUD_HEALTH_ADDRESS', '8080', 'an IP address and a port'],
    ['LLAMACLOUD_HEALTH_ADDRESS', 'example.com:80', 'an IP address and a port'],
    ['LLAMACLOUD_METRICS_ADDRESS', '127.0.0.1:70000', 'an IP address and a port'],
    ['LLAMACLOUD_LOG_LEVEL', 'trace', 'debug, info, warn, error'],
    ['LLAMACLOUD_LOG_FORMAT', 'xml', 'text, json'],
    ['LLAMACLOUD_VERSIONING_BEHAVIOR', 'latest', 'auto-upgrade, pinned'],
    ['LLAMA_CLOUD_METRICS_ADDRESS', '127.0.0.1:1', 'is not read: the name is LLAMACLOUD_METRICS_ADDRESS'],
  ])('are refused with %s=%s', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toContainEqual(expect.stringContaining(problem));
    expect(problemsOf({ [name]: value }).join()).toContain(name);
  });

  test.each([
    [{ LLAMACLOUD_TARGET_CPU_USAGE: '0.5' }, 'go together: set both'],
    [
      {
        LLAMACLOUD_TARGET_CPU_USAGE: '0.5',
        LLAMACLOUD_TARGET_MEMORY_USAGE: '0.5',
        LLAMACLOUD_MAX_CONCURRENT_ACTIVITIES: '5',
      },
      'exclude each other',
    ],
    [{ TEMPORAL_WORKER_BUILD_ID: '1' }, 'go together: set both'],
    [{ LLAMACLOUD_VERSIONING_BEHAVIOR: 'pinned' }, 'needs TEMPORAL_DEPLOYMENT_NAME'],
    [
      { LLAMACLOUD_METRICS_ADDRESS: '127.0.0.1:1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:2' },
      'exclude each other: the SDK has one exporter',
    ],
  ])('are refused where they contradict each other: %j', (env, problem) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the collector of metrics', () => {
  const otlp = (env: Record<string, string>) => workerSettingsFromEnv(env).metrics;
  const FORMAT = { useSecondsForDurations: true, histogramBucketOverrides: METRIC_BUCKETS };

  test('is reached by gRPC, once a minute, unless the variables say otherwise', () => {
    expect(otlp({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317' })).toEqual({
      otel: {
        url: 'http://collector:4317',
        http: false,
        metricsExportInterval: 60_000,
        temporality: 'cumulative',
        ...FORMAT,
      },
    });
    expect(otlp({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317', OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
  });

  test('is reached by HTTP: a common endpoint gets the path of metrics, one for metrics is taken as it is', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_METRIC_EXPORT_INTERVAL: '5000',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    };
    const common = { http: true, metricsExportInterval: 5_000, temporality: 'delta', ...FORMAT };
    expect(otlp(env)).toEqual({ otel: { url: 'http://collector:4318/v1/metrics', ...common } });
    const own = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://metrics:4318/mine' };
    expect(otlp({ ...env, ...own })).toEqual({ otel: { url: 'http://metrics:4318/mine', ...common } });
  });

  test('is refused with an endpoint, a protocol, an interval or a temporality that can not be', () => {
    const problems = problemsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector-with-PLANTED-password:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRIC_EXPORT_INTERVAL: '1 minute',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'lowmemory',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_PROTOCOL must be/),
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT must be/),
      expect.stringMatching(/^OTEL_METRIC_EXPORT_INTERVAL must be/),
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE must be/),
    ]);
    expect(problems.join()).not.toContain('PLANTED');
  });
});
