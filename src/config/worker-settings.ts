/** What a deployment of the command's worker sets by environment: its slots, pollers and cache, its version, its metrics, its logs. */
import { isIP } from 'node:net';
import type { WorkerOptions } from '@temporalio/worker';
import ms, { type StringValue } from 'ms';
import { ConfigError, type Environment, findMistakenNames, readText } from './environment.js';
import { type MetricsSettings, readMetrics } from './metrics-settings.js';

type PollerBehavior = NonNullable<WorkerOptions['workflowTaskPollerBehavior']>;

/** Address that a server listens on. */
export interface ListenAddress {
  /** An IP address. */
  host: string;
  port: number;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export const LOG_FORMATS = ['text', 'json'] as const;
export const VERSIONING_BEHAVIORS = ['auto-upgrade', 'pinned'] as const;

export interface WorkerSettings {
  /** Options of Temporal's worker. */
  options: Partial<WorkerOptions>;
  /** Default: no metrics. */
  metrics?: MetricsSettings;
  /** Where `/healthz` and `/readyz` are served. Default: nowhere. */
  health?: ListenAddress;
  logLevel: (typeof LOG_LEVELS)[number];
  logFormat: (typeof LOG_FORMATS)[number];
}

/** Time that activities which run get to end when the worker is stopped. Kubernetes kills a pod after 30 s. */
export const DEFAULT_SHUTDOWN_GRACE_TIME = '20 seconds';

/** Reads the variables of `docs/production.md` that only the command's worker has. @throws ConfigError with all problems. */
export function workerSettingsFromEnv(env: Environment = process.env): WorkerSettings {
  const read = new Reader(env);
  const slots = readSlots(read);
  const workflowPollers = read.pollers('LLAMACLOUD_WORKFLOW_POLLERS');
  const activityPollers = read.pollers('LLAMACLOUD_ACTIVITY_POLLERS');
  const maxCachedWorkflows = read.integer('LLAMACLOUD_MAX_CACHED_WORKFLOWS', 0);
  const health = read.address('LLAMACLOUD_HEALTH_ADDRESS');
  const metrics = readMetrics(env, read.problems, read.address('LLAMACLOUD_METRICS_ADDRESS'));
  const settings: WorkerSettings = {
    options: {
      ...slots,
      ...(workflowPollers === undefined ? {} : { workflowTaskPollerBehavior: workflowPollers }),
      ...(activityPollers === undefined ? {} : { activityTaskPollerBehavior: activityPollers }),
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
      shutdownGraceTime: read.duration('LLAMACLOUD_SHUTDOWN_GRACE_TIME') ?? DEFAULT_SHUTDOWN_GRACE_TIME,
      ...readDeployment(read),
    },
    ...(metrics === undefined ? {} : { metrics }),
    ...(health === undefined ? {} : { health }),
    logLevel: read.oneOf('LLAMACLOUD_LOG_LEVEL', LOG_LEVELS) ?? 'warn',
    logFormat: read.oneOf('LLAMACLOUD_LOG_FORMAT', LOG_FORMATS) ?? 'text',
  };
  const problems = [...findMistakenNames(env, read.names), ...read.problems];
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** A fixed number of slots, or a tuner that gives slots while there is memory and CPU. */
function readSlots(read: Reader): Partial<WorkerOptions> {
  const activities = read.integer('LLAMACLOUD_MAX_CONCURRENT_ACTIVITIES', 1);
  const localActivities = read.integer('LLAMACLOUD_MAX_CONCURRENT_LOCAL_ACTIVITIES', 1);
  // A worker with one slot takes turns between its two queues, and does not start.
  const workflowTasks = read.integer('LLAMACLOUD_MAX_CONCURRENT_WORKFLOW_TASKS', 2);
  const targetMemoryUsage = read.share('LLAMACLOUD_TARGET_MEMORY_USAGE');
  const targetCpuUsage = read.share('LLAMACLOUD_TARGET_CPU_USAGE');
  const fixed = {
    ...(activities === undefined ? {} : { maxConcurrentActivityTaskExecutions: activities }),
    ...(localActivities === undefined ? {} : { maxConcurrentLocalActivityExecutions: localActivities }),
    ...(workflowTasks === undefined ? {} : { maxConcurrentWorkflowTaskExecutions: workflowTasks }),
  };
  if (targetMemoryUsage === undefined && targetCpuUsage === undefined) return fixed;
  if (targetMemoryUsage === undefined || targetCpuUsage === undefined)
    read.problems.push('LLAMACLOUD_TARGET_MEMORY_USAGE and LLAMACLOUD_TARGET_CPU_USAGE go together: set both');
  if (Object.keys(fixed).length > 0)
    read.problems.push('LLAMACLOUD_MAX_CONCURRENT_... and LLAMACLOUD_TARGET_... exclude each other: set one kind');
  return {
    tuner: { tunerOptions: { targetMemoryUsage: targetMemoryUsage ?? 1, targetCpuUsage: targetCpuUsage ?? 1 } },
  };
}

/** The names are those that Temporal's Worker Controller for Kubernetes sets. */
function readDeployment(read: Reader): Partial<WorkerOptions> {
  const deploymentName = read.text('TEMPORAL_DEPLOYMENT_NAME');
  const buildId = read.text('TEMPORAL_WORKER_BUILD_ID');
  const behavior = read.oneOf('LLAMACLOUD_VERSIONING_BEHAVIOR', VERSIONING_BEHAVIORS);
  if (deploymentName === undefined && buildId === undefined) {
    if (behavior !== undefined) read.problems.push('LLAMACLOUD_VERSIONING_BEHAVIOR needs TEMPORAL_DEPLOYMENT_NAME');
    return {};
  }
  if (deploymentName === undefined || buildId === undefined)
    read.problems.push('TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID go together: set both');
  return {
    workerDeploymentOptions: {
      version: { deploymentName: deploymentName ?? '', buildId: buildId ?? '' },
      useWorkerVersioning: true,
      defaultVersioningBehavior: behavior === 'pinned' ? 'PINNED' : 'AUTO_UPGRADE',
    },
  };
}

/** Reads variables, and records what is wrong with them. */
class Reader {
  readonly problems: string[] = [];
  /** Of the variables that were read. */
  readonly names: string[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(name: string): string | undefined {
    this.names.push(name);
    return readText(this.#env, name);
  }

  integer(name: string, min: number): number | undefined {
    return this.#read(name, `must be a whole number of at least ${min}`, (text) => {
      const number = Number(text);
      return Number.isSafeInteger(number) && number >= min ? number : undefined;
    });
  }

  share(name: string): number | undefined {
    return this.#read(name, 'must be a number above 0 and at most 1, such as 0.8', (text) => {
      const number = Number(text);
      return number > 0 && number <= 1 ? number : undefined;
    });
  }

  /** A duration of at least 1 s: without it each stop would interrupt every download. Returns milliseconds. */
  duration(name: string): number | undefined {
    return this.#read(name, 'must be a duration of 1 second to 1 day, such as "20 seconds" or 5m', (text) => {
      const duration = isDuration(text) ? ms(text) : undefined;
      return duration !== undefined && duration >= 1_000 && duration <= 86_400_000 ? duration : undefined;
    });
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    return this.#read(name, `must be one of ${values.join(', ')}`, (text) => values.find((value) => value === text));
  }

  pollers(name: string): PollerBehavior | undefined {
    return this.#read(name, 'must be a whole number of at least 2, or auto', (text) => {
      if (text === 'auto') return { type: 'autoscaling' };
      const maximum = Number(text);
      return Number.isSafeInteger(maximum) && maximum >= 2 ? { type: 'simple-maximum', maximum } : undefined;
    });
  }

  address(name: string): ListenAddress | undefined {
    return this.#read(name, 'must be an IP address and a port, such as 0.0.0.0:9464', (text) => {
      const [, ip6, name = ip6, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
      const host = name === 'localhost' ? '127.0.0.1' : name;
      const port = Number(digits);
      return host !== undefined && isIP(host) !== 0 && port <= 65_535 ? { host, port } : undefined;
    });
  }

  #read<T>(name: string, problem: string, parse: (text: string) => T | undefined): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) this.problems.push(`${name} ${problem}`);
    return value;
  }
}

/** `ms` throws for texts over 100 characters, and reads a number without a unit as milliseconds. */
function isDuration(text: string): text is StringValue {
  return text.length <= 100 && /[a-z]$/i.test(text);
}
