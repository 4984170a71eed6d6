import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { DEFAULT_BASE_URL } from './llamacloud/index.js';
import { apiKeyProblem, baseUrlProblem } from './llamacloud/validate.js';
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
  /** Requests to LlamaCloud a second, of all workers of the task queue together. Default: no limit. */
  requestsPerSecond?: number;
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
 * `llamacloud`), `LLAMACLOUD_REQUESTS_PER_SECOND` (default: no limit), and Temporal's own `TEMPORAL_*`, its configuration file included.
 *
 * @throws ConfigError with all problems at once.
 */
export function workerConfigFromEnv(env: Environment = process.env): WorkerConfig {
  const problems: string[] = [];
  const apiKey = text(env, 'LLAMA_CLOUD_API_KEY');
  const keyProblem = apiKey === undefined ? 'is not set: it is the LlamaCloud API key, llx-...' : apiKeyProblem(apiKey);
  if (keyProblem !== undefined) problems.push(`LLAMA_CLOUD_API_KEY ${keyProblem}`);
  const baseUrl = text(env, 'LLAMA_CLOUD_BASE_URL') ?? DEFAULT_BASE_URL;
  const urlProblem = baseUrlProblem(baseUrl);
  if (urlProblem !== undefined) problems.push(`LLAMA_CLOUD_BASE_URL ${urlProblem}`);
  const output = text(env, 'LLAMACLOUD_OUTPUT') ?? './out';
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(output)) problems.push('LLAMACLOUD_OUTPUT has to be a directory');
  const requestsPerSecond = rate(problems, env, 'LLAMACLOUD_REQUESTS_PER_SECOND');
  const temporal = collecting(problems, () => temporalConfigFromEnv(env));
  if (problems.length > 0 || apiKey === undefined || temporal === undefined) throw new ConfigError(problems);
  return {
    llamacloud: { apiKey, baseUrl },
    output,
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    temporal,
  };
}

/** Reads where Temporal is from the environment, for code that starts runs and needs no LlamaCloud key. @throws ConfigError */
export function temporalConfigFromEnv(env: Environment = process.env): TemporalConfig {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: temporalEnv(env) });
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
    throw new ConfigError([`TEMPORAL_*: ${reasonOf(error)}`]);
  }
}

/** The configuration for people: no secret in it. */
export function describeConfig(config: WorkerConfig): Record<string, string> {
  return {
    llamacloud: config.llamacloud.baseUrl,
    apiKey: 'set',
    output: config.output,
    requestsPerSecond: config.requestsPerSecond === undefined ? 'no limit' : String(config.requestsPerSecond),
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

function rate(problems: string[], env: Environment, name: string): number | undefined {
  const value = text(env, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  problems.push(`${name} has to be a number above 0, such as 10 or 0.5`);
  return undefined;
}

function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

/** Empty counts as unset; Temporal's own reading takes it as a value, an address of nothing. */
function temporalEnv(env: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    // An empty header takes away the one of the file: here it does have a meaning.
    const trimmed = name.startsWith('TEMPORAL_GRPC_META_') ? value : text(env, name);
    if (trimmed !== undefined) set[name] = trimmed;
  }
  return set;
}

/** The first line: the parser of the configuration file goes on to quote lines of it, an API key perhaps. */
function reasonOf(error: unknown): string {
  // What goes wrong in reading a file of another shape may quote it as well.
  if (!(error instanceof Error) || error instanceof TypeError) return 'the configuration file has another shape';
  const line = error.message.split('\n', 1)[0] ?? '';
  return 'line' in error ? `${line} (line ${String(error.line)} of the configuration file)` : line;
}
