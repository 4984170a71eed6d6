import type { Client, ConnectionOptions } from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { type ResolvedExecutable, type ResolveOptions, resolveTestServer } from './resolve.js';

export interface TimeSkippingTemporalOptions extends ResolveOptions {
  /** Port of the gRPC API. Default: a free one. */
  readonly port?: number;
}

/** The part of `TestWorkflowEnvironment` of `@temporalio/testing` that belongs to time. Written out, so that the types do not need that package. */
export interface TestClock {
  /** Skips this time. */
  sleep(duration: Duration): Promise<void>;
  /** The server's time, in milliseconds since 1970. */
  currentTimeMs(): Promise<number>;
}

/** A running test server that skips time while a workflow's result is awaited. It has one namespace, `default`, and no Web UI. */
export interface TimeSkippingTemporal {
  /** `127.0.0.1:<port>`, for your own clients and workers. */
  readonly address: string;
  readonly namespace: string;
  /** Awaiting a workflow's result with this client skips time. */
  readonly client: Client;
  /** Connection for workers. */
  readonly nativeConnection: NativeConnection;
  readonly env: TestClock;
  /** The executable of the test server. */
  readonly executable: ResolvedExecutable;
  /** Closes the connections and stops the server. Shut down your workers first. May be called again. */
  close(): Promise<void>;
}

/**
 * The test server closes the connection of a client that pings it every 30 s. A request that takes longer than two minutes, such as a `sleep` on a
 * busy machine, is then sent again, and the server counts it twice: it may never skip time again.
 */
const WITHOUT_PINGS = {
  name: 'temporal-llamacloud-without-pings',
  configureConnection: (options: ConnectionOptions): ConnectionOptions => ({
    ...options,
    channelArgs: { ...options.channelArgs, 'grpc.keepalive_time_ms': 2 ** 31 - 1 },
  }),
};

/**
 * Starts the time-skipping test server: a wait of a day takes no time in a test. Needs the package `@temporalio/testing`. The test server
 * has neither schedules nor search by attributes: use {@link startLocalTemporal} for those. Its time is the same for all workflows, so
 * run one workflow at a time.
 *
 * @throws {@link ExecutableNotFound}
 * @throws Error if `@temporalio/testing` is not installed.
 */
export async function startTimeSkippingTemporal(
  options: TimeSkippingTemporalOptions = {},
): Promise<TimeSkippingTemporal> {
  const { TestWorkflowEnvironment } = await importTesting();
  const executable = await resolveTestServer(options);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: {
      executable: { type: 'existing-path', path: executable.path },
      ...(options.port === undefined ? {} : { port: options.port }),
    },
    plugins: [WITHOUT_PINGS],
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

/** An optional peer: the rest of this package does not need it. */
async function importTesting() {
  try {
    return await import('@temporalio/testing');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    const message =
      'The time-skipping test server needs @temporalio/testing. Run: npm install --save-dev @temporalio/testing';
    throw new Error(message, { cause: error });
  }
}
