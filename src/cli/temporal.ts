import type { Client } from '@temporalio/client';
import type { BatchClient } from '../client/index.js';
import type { TemporalConfig } from '../config/config.js';
import type { CommandContext } from './command-context.js';
import { TemporalUnreachableError } from './errors.js';
import { findGrpcStatus } from './grpc-status.js';

/** Flags of every command that uses a Temporal server. */
export interface TemporalFlags {
  readonly address?: string;
  readonly namespace?: string;
  readonly taskQueue?: string;
}

/** The clients of one connection, and its configuration. */
export interface TemporalClients {
  readonly client: Client;
  readonly batches: BatchClient;
  readonly config: TemporalConfig;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** A command that follows a run connects again soon after an outage. By default, gRPC waits up to two minutes. */
const CHANNEL_ARGS = { 'grpc.max_reconnect_backoff_ms': 5_000 };

/** The environment variables, overridden by the flags. */
export function applyTemporalFlags(flags: TemporalFlags, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(flags.address === undefined ? {} : { TEMPORAL_ADDRESS: flags.address }),
    ...(flags.namespace === undefined ? {} : { TEMPORAL_NAMESPACE: flags.namespace }),
    ...(flags.taskQueue === undefined ? {} : { LLAMACLOUD_TASK_QUEUE: flags.taskQueue }),
  };
}

/** Whether a Temporal server is asked for. */
export function hasTemporalFlags(flags: TemporalFlags): boolean {
  return toArgs(flags).length > 0;
}

/** The flags as arguments of another command. */
function toArgs({ address, namespace, taskQueue }: TemporalFlags): string[] {
  return [
    ...(address === undefined ? [] : ['--address', address]),
    ...(namespace === undefined ? [] : ['--namespace', namespace]),
    ...(taskQueue === undefined ? [] : ['--task-queue', taskQueue]),
  ];
}

/** Sets the target that error messages name. Returns its address. */
export function setTemporalTarget(context: CommandContext, { connection, namespace }: TemporalConfig): string {
  const { address = context.temporalTarget.address, tls } = connection;
  context.temporalTarget = { address, namespace, hasTls: Boolean(tls) };
  return address;
}

/** Connects to Temporal, calls `use`, and disconnects. */
export async function withTemporal<T>(
  context: CommandContext,
  flags: TemporalFlags,
  use: (temporal: TemporalClients) => Promise<T>,
): Promise<T> {
  // Loaded here: the SDK takes about a second to load, and help and usage errors do not need it.
  const { temporalConfigFromEnv } = await import('../config/config.js');
  const { Client, Connection } = await import('@temporalio/client');
  const { BatchClient } = await import('../client/index.js');
  const config = temporalConfigFromEnv(applyTemporalFlags(flags, context.env));
  setTemporalTarget(context, config);
  context.temporalArgs = toArgs(flags);
  const options = { ...config.connection, connectTimeout: CONNECT_TIMEOUT_MS, channelArgs: CHANNEL_ARGS };
  const connection = await Connection.connect(options).catch((error: unknown) => {
    // A gRPC status comes from a server. Without one, no server has answered.
    throw findGrpcStatus(error) === undefined ? new TemporalUnreachableError(context.temporalTarget, error) : error;
  });
  try {
    const client = new Client({ connection, namespace: config.namespace });
    return await use({ client, batches: new BatchClient({ client, taskQueue: config.taskQueue }), config });
  } finally {
    await connection.close();
  }
}
