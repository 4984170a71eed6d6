import type { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { NativeConnection } from '@temporalio/worker';
import { type ResolvedExecutable, type ResolveOptions, resolveTestServer } from './resolve.js';

export interface TimeSkippingTemporalOptions extends ResolveOptions {
  /** The gRPC port. Default: a free one. */
  readonly port?: number;
}

/** A test server that skips time while a workflow's result is awaited. It has the one namespace `default`, and no UI. */
export interface TimeSkippingTemporal {
  /** `127.0.0.1:<port>`, for other clients and workers. */
  readonly address: string;
  readonly namespace: string;
  /** Awaiting a result through this client skips time. */
  readonly client: Client;
  /** For workers. */
  readonly nativeConnection: NativeConnection;
  /** For `sleep` and `currentTimeMs`. Ended by {@link close}, not by its own `teardown`. */
  readonly env: TestWorkflowEnvironment;
  /** The test server that runs. */
  readonly executable: ResolvedExecutable;
  /** Closes the connections and ends the server. Shut the workers down first. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts the test server that skips time: a wait of a day takes no time in a test. It knows less than the real server
 * (no search by attributes, no schedules), so use {@link startLocalTemporal} where that matters. Its time is one for all,
 * so run one workflow at a time against it.
 *
 * @throws {@link ExecutableNotFound}
 */
export async function startTimeSkippingTemporal(
  options: TimeSkippingTemporalOptions = {},
): Promise<TimeSkippingTemporal> {
  const executable = await resolveTestServer(options);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: {
      executable: { type: 'existing-path', path: executable.path },
      ...(options.port === undefined ? {} : { port: options.port }),
    },
  });
  let closing: Promise<void> | undefined;
  return {
    address: env.address,
    namespace: env.namespace ?? 'default',
    client: env.client,
    nativeConnection: env.nativeConnection,
    env,
    executable,
    close: () => {
      closing ??= env.teardown();
      return closing;
    },
  };
}
