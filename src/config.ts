import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { DEFAULT_BASE_URL } from './llamacloud/index.js';
import { DEFAULT_TASK_QUEUE } from './protocol/index.js';

/** Where Temporal is. */
export interface TemporalConfig {
  connection: Pick<NativeConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
  namespace: string;
  taskQueue: string;
}

/** What a worker needs to know. */
export interface WorkerConfig {
  llamacloud: { apiKey: string; baseUrl: string };
  /** Where documents go: a directory. */
  output: string;
  temporal: TemporalConfig;
}

type Environment = Record<string, string | undefined>;

/** The configuration has problems: all of them, each naming its variable, none with the value of a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not complete:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the configuration of a worker from the environment: `LLAMA_CLOUD_API_KEY`, `LLAMA_CLOUD_BASE_URL` (default
 * `https://api.cloud.llamaindex.ai`), `LLAMACLOUD_OUTPUT` (default `./out`), `LLAMACLOUD_TASK_QUEUE` (default
 * `llamacloud`), and Temporal's own `TEMPORAL_*`, its configuration file included.
 *
 * @throws ConfigError with all problems at once.
 */
export function workerConfigFromEnv(env: Environment = process.env): WorkerConfig {
  const problems: string[] = [];
  const apiKey = text(env, 'LLAMA_CLOUD_API_KEY');
  if (apiKey === undefined) problems.push('LLAMA_CLOUD_API_KEY is not set: it is the LlamaCloud API key, llx-...');
  const baseUrl = text(env, 'LLAMA_CLOUD_BASE_URL') ?? DEFAULT_BASE_URL;
  if (!isHttpUrl(baseUrl)) problems.push('LLAMA_CLOUD_BASE_URL is not an http or https URL');
  const output = text(env, 'LLAMACLOUD_OUTPUT') ?? './out';
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(output)) problems.push('LLAMACLOUD_OUTPUT has to be a directory');
  const temporal = collecting(problems, () => temporalConfigFromEnv(env));
  if (problems.length > 0 || apiKey === undefined || temporal === undefined) throw new ConfigError(problems);
  return { llamacloud: { apiKey, baseUrl }, output, temporal };
}

/** Reads where Temporal is from the environment, for code that starts runs and needs no LlamaCloud key. @throws ConfigError */
export function temporalConfigFromEnv(env: Environment = process.env): TemporalConfig {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: defined(env) });
    const { address, tls, apiKey, metadata } = connectionOptions;
    return {
      connection: {
        ...(address === undefined ? {} : { address }),
        ...(tls == null ? {} : { tls }),
        ...(typeof apiKey === 'string' ? { apiKey } : {}),
        ...(metadata === undefined ? {} : { metadata }),
      },
      namespace: namespace ?? 'default',
      taskQueue: text(env, 'LLAMACLOUD_TASK_QUEUE') ?? DEFAULT_TASK_QUEUE,
    };
  } catch (error) {
    throw new ConfigError([`TEMPORAL_*: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

/** The configuration for people: no secret in it. */
export function describeConfig(config: WorkerConfig): Record<string, string> {
  return {
    llamacloud: config.llamacloud.baseUrl,
    apiKey: 'set',
    output: config.output,
    temporal: config.temporal.connection.address ?? 'localhost:7233',
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
  };
}

function collecting<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function defined(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
