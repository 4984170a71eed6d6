import { type ClientConfigProfile, loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { DEFAULT_BASE_URL } from '../llamacloud/index.js';
import { findApiKeyProblem, findBaseUrlProblem, isHttpUrl } from '../llamacloud/validate.js';
import { parseOutputLocation } from '../outputs/index.js';
import { DEFAULT_TASK_QUEUE } from '../protocol/index.js';
import { findSecretsProblem, readSecrets } from '../webhooks/secrets.js';
import { ConfigError, type Environment, findMistakenNames, readOrRecordProblems, readText } from './environment.js';

export { ConfigError };

/** How to reach Temporal. */
export interface TemporalConfig {
  connection: Pick<NativeConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
  namespace: string;
  taskQueue: string;
}

/** How to reach LlamaCloud. */
export interface LlamaCloudConnection {
  apiKey: string;
  baseUrl: string;
}

/** What the activities need to know. */
export interface LlamaCloudConfig {
  llamacloud: LlamaCloudConnection;
  /** Folder that documents are written to, or `s3://bucket/prefix`. */
  output: string;
  /**
   * Activities started per second by all workers of the task queue together. Most send one request to LlamaCloud. Default: no
   * limit.
   */
  requestsPerSecond?: number;
  /** Where LlamaCloud sends the webhooks of the batches that are created, and what it signs them with. Default: no webhooks. */
  webhook?: { url: string; secret: string };
}

/** Configuration of the receiver of webhooks. */
export interface WebhookReceiverConfig {
  /** One, or two while one is replaced. */
  secrets: readonly string[];
  temporal: TemporalConfig;
}

/** Configuration of a worker. */
export interface WorkerConfig extends LlamaCloudConfig {
  temporal: TemporalConfig;
}

/**
 * Reads the configuration of a worker from the environment: `LLAMA_CLOUD_API_KEY`, `LLAMA_CLOUD_BASE_URL` (default
 * `https://api.cloud.llamaindex.ai`), `LLAMACLOUD_OUTPUT` (default `./out`), `LLAMACLOUD_TASK_QUEUE` (default
 * `llamacloud`), `LLAMACLOUD_REQUESTS_PER_SECOND` (default: no limit), `LLAMACLOUD_WEBHOOK_URL` and `LLAMACLOUD_WEBHOOK_SECRET` (default: no
 * webhooks), and Temporal's own `TEMPORAL_*` and configuration file.
 *
 * @throws ConfigError with all problems.
 */
export function workerConfigFromEnv(env: Environment = process.env): WorkerConfig {
  const problems: string[] = [];
  const llamacloud = readOrRecordProblems(problems, () => llamaCloudConfigFromEnv(env));
  const temporal = readOrRecordProblems(problems, () => temporalConfigFromEnv(env));
  if (llamacloud === undefined || temporal === undefined) throw new ConfigError(problems);
  return { ...llamacloud, temporal };
}

/** Reads the `LLAMA_CLOUD_*` and `LLAMACLOUD_*` variables of {@link workerConfigFromEnv}. @throws ConfigError with all problems. */
export function llamaCloudConfigFromEnv(env: Environment = process.env): LlamaCloudConfig {
  const problems = findMistakenNames(env, LLAMACLOUD_NAMES);
  const llamacloud = readConnection(problems, env);
  const output = readText(env, 'LLAMACLOUD_OUTPUT') ?? './out';
  const outputProblem = findOutputProblem(output);
  if (outputProblem !== undefined) problems.push(`LLAMACLOUD_OUTPUT: ${outputProblem}`);
  const requestsPerSecond = readRate(problems, env, 'LLAMACLOUD_REQUESTS_PER_SECOND');
  const webhook = readWebhook(problems, env);
  if (problems.length > 0 || llamacloud === undefined) throw new ConfigError(problems);
  return {
    llamacloud,
    output,
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
    ...(webhook === undefined ? {} : { webhook }),
  };
}

/**
 * Reads `LLAMA_CLOUD_API_KEY` and `LLAMA_CLOUD_BASE_URL`, for code that sends requests and runs no worker.
 *
 * @throws ConfigError with all problems.
 */
export function llamaCloudConnectionFromEnv(env: Environment = process.env): LlamaCloudConnection {
  const problems = findMistakenNames(env, CONNECTION_NAMES);
  const connection = readConnection(problems, env);
  if (problems.length > 0 || connection === undefined) throw new ConfigError(problems);
  return connection;
}

/** Reads `LLAMACLOUD_WEBHOOK_SECRET`, and the variables of {@link temporalConfigFromEnv}. @throws ConfigError with all problems. */
export function webhookReceiverConfigFromEnv(env: Environment = process.env): WebhookReceiverConfig {
  const problems = findMistakenNames(env, [WEBHOOK_SECRET]);
  const secrets = readWebhookSecrets(problems, env);
  const temporal = readOrRecordProblems(problems, () => temporalConfigFromEnv(env));
  if (problems.length > 0 || temporal === undefined) throw new ConfigError(problems);
  return { secrets, temporal };
}

/** Reads `TEMPORAL_*` and `LLAMACLOUD_TASK_QUEUE`, for code that starts runs and needs no LlamaCloud key. @throws ConfigError */
export function temporalConfigFromEnv(env: Environment = process.env): TemporalConfig {
  const problems = findMistakenNames(env, ['LLAMACLOUD_TASK_QUEUE']);
  if (problems.length > 0) throw new ConfigError(problems);
  try {
    const profile = loadClientConfigProfile({ overrideEnvVars: temporalEnv(env) });
    assertWholeClientCertificate(profile);
    const { connectionOptions, namespace } = toClientOptions(profile);
    const { address, tls, apiKey, metadata } = connectionOptions;
    return {
      connection: {
        ...(address === undefined ? {} : { address }),
        ...(tls == null ? {} : { tls }),
        ...(typeof apiKey === 'string' ? { apiKey } : {}),
        ...(metadata === undefined ? {} : { metadata }),
      },
      namespace: namespace ?? 'default',
      taskQueue: readText(env, 'LLAMACLOUD_TASK_QUEUE') ?? DEFAULT_TASK_QUEUE,
    };
  } catch (error) {
    throw new ConfigError([`TEMPORAL_*: ${toReason(error)}`]);
  }
}

const CONNECTION_NAMES = ['LLAMA_CLOUD_API_KEY', 'LLAMA_CLOUD_BASE_URL'];
const WEBHOOK_URL = 'LLAMACLOUD_WEBHOOK_URL';
const WEBHOOK_SECRET = 'LLAMACLOUD_WEBHOOK_SECRET';
const LLAMACLOUD_NAMES = [
  ...CONNECTION_NAMES,
  'LLAMACLOUD_OUTPUT',
  'LLAMACLOUD_REQUESTS_PER_SECOND',
  WEBHOOK_URL,
  WEBHOOK_SECRET,
];

/** Returns `undefined` if the key is not set. Records every problem. */
function readConnection(problems: string[], env: Environment): LlamaCloudConnection | undefined {
  const apiKey = readText(env, 'LLAMA_CLOUD_API_KEY');
  const keyProblem =
    apiKey === undefined ? 'is not set: set it to your LlamaCloud API key, llx-...' : findApiKeyProblem(apiKey);
  if (keyProblem !== undefined) problems.push(`LLAMA_CLOUD_API_KEY ${keyProblem}`);
  const baseUrl = readText(env, 'LLAMA_CLOUD_BASE_URL') ?? DEFAULT_BASE_URL;
  const urlProblem = findBaseUrlProblem(baseUrl);
  if (urlProblem !== undefined) problems.push(`LLAMA_CLOUD_BASE_URL ${urlProblem}`);
  return apiKey === undefined ? undefined : { apiKey, baseUrl };
}

function findOutputProblem(output: string): string | undefined {
  try {
    parseOutputLocation(output);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readRate(problems: string[], env: Environment, name: string): number | undefined {
  const value = readText(env, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  problems.push(`${name} must be a number above 0, such as 10 or 0.5`);
  return undefined;
}

/** The secret may be set without the URL: a worker and a receiver often share their environment. */
function readWebhook(problems: string[], env: Environment): { url: string; secret: string } | undefined {
  const url = readText(env, WEBHOOK_URL);
  if (url === undefined) return undefined;
  // The URL is not in the problem: its query may be a secret.
  if (!isHttpUrl(url)) problems.push(`${WEBHOOK_URL} is not an http or https URL`);
  const [secret = ''] = readWebhookSecrets(problems, env);
  return { url, secret };
}

function readWebhookSecrets(problems: string[], env: Environment): string[] {
  const secrets = readSecrets(readText(env, WEBHOOK_SECRET) ?? '');
  const problem = findSecretsProblem(secrets);
  if (problem !== undefined) problems.push(`${WEBHOOK_SECRET} ${problem}`);
  return secrets;
}

/** Drops empty variables. Temporal's own reading takes an empty one as a value, such as an empty address. */
function temporalEnv(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, text] of Object.entries(env)) {
    // An empty header is kept: it removes the header that the configuration file sets.
    const value = name.startsWith('TEMPORAL_GRPC_META_') ? text : readText(env, name);
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Temporal's own reading leaves out half a pair, and the server then refuses the connection without a reason. */
function assertWholeClientCertificate({ tls = {} }: ClientConfigProfile): void {
  const { clientCert, clientKey } = tls;
  if ((clientCert === undefined) !== (clientKey === undefined))
    throw new Error('the certificate of the client (CLIENT_CERT) and its key (CLIENT_KEY) go together: set both');
}

/** Takes the first line only. The lines after it quote the configuration file, which may hold an API key. */
function toReason(error: unknown): string {
  // A TypeError comes of a file with the wrong structure, and may quote it.
  if (!(error instanceof Error) || error instanceof TypeError) return 'the configuration file has the wrong structure';
  const line = error.message.split('\n', 1)[0] ?? '';
  return 'line' in error ? `${line} (line ${String(error.line)} of the configuration file)` : line;
}
