import type { Client } from '@temporalio/client';
import type { BatchClient } from '../client/index.js';
import type { TemporalConfig } from '../config.js';
import { TemporalUnreachable } from './errors.js';
import { statusOf } from './explain.js';
import type { Session } from './session.js';

/** The flags that every command has which speaks to Temporal. */
export interface TemporalFlags {
  readonly address?: string;
  readonly namespace?: string;
  readonly taskQueue?: string;
}

export interface TemporalAccess {
  readonly client: Client;
  readonly batches: BatchClient;
  readonly config: TemporalConfig;
}

const DEFAULT_ADDRESS = 'localhost:7233';
const CONNECT_TIMEOUT_MS = 5_000;

/** The environment, with the flags in the place of their variables. */
export function environmentOf(flags: TemporalFlags, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(flags.address === undefined ? {} : { TEMPORAL_ADDRESS: flags.address }),
    ...(flags.namespace === undefined ? {} : { TEMPORAL_NAMESPACE: flags.namespace }),
    ...(flags.taskQueue === undefined ? {} : { LLAMACLOUD_TASK_QUEUE: flags.taskQueue }),
  };
}

/** Lets the session say where it looked, should something fail. */
export function noteWhere(session: Session, { connection, namespace }: TemporalConfig): string {
  const address = connection.address ?? DEFAULT_ADDRESS;
  session.place = { address, namespace };
  return address;
}

/** Connects to Temporal for as long as `use` takes. */
export async function withTemporal<T>(
  session: Session,
  flags: TemporalFlags,
  use: (temporal: TemporalAccess) => Promise<T>,
): Promise<T> {
  // Loaded only here: the SDK takes the better part of a second, which help and usage errors need not wait for.
  const { temporalConfigFromEnv } = await import('../config.js');
  const { Client, Connection } = await import('@temporalio/client');
  const { BatchClient } = await import('../client/index.js');
  const config = temporalConfigFromEnv(environmentOf(flags));
  noteWhere(session, config);
  const options = { ...config.connection, connectTimeout: CONNECT_TIMEOUT_MS };
  const connection = await Connection.connect(options).catch((error: unknown) => {
    // A status is an answer; without one, there was none.
    throw statusOf(error) === undefined ? new TemporalUnreachable(session.place, error) : error;
  });
  try {
    const client = new Client({ connection, namespace: config.namespace });
    return await use({ client, batches: new BatchClient({ client, taskQueue: config.taskQueue }), config });
  } finally {
    await connection.close();
  }
}
