import { DefaultLogger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { MetricsSettings } from '../config/metrics-settings.js';
import { CliError } from './errors.js';
import { type RenderEntry, renderText } from './worker/log-entry.js';

interface RuntimeSettings {
  /** Filters log entries by their message. Default: all are logged. */
  isLogged?: (message: string) => boolean;
  /** Default: for people. */
  render?: RenderEntry;
  /** Default: no metrics. */
  metrics?: MetricsSettings;
}

/**
 * Installs the SDK's runtime: its log goes to stderr, and it leaves the signals to the command. Call it before anything else of
 * the SDK is used.
 *
 * @throws CliError if the address of the metrics can't be listened to.
 */
export function installRuntime(
  level: LogLevel,
  { isLogged = () => true, render = renderText, metrics }: RuntimeSettings = {},
): void {
  const logger = new DefaultLogger(level, (entry) => {
    if (isLogged(entry.message)) process.stderr.write(`${render(entry)}\n`);
  });
  const options = {
    logger,
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: level, other: 'ERROR' }) },
      ...(metrics === undefined ? {} : { metrics }),
    },
  };
  try {
    Runtime.install(options);
  } catch (error) {
    if (metrics === undefined || !('prometheus' in metrics)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `The metrics can't be served at ${metrics.prometheus.bindAddress}: ${reason}`,
      'Choose another LLAMACLOUD_METRICS_ADDRESS.',
      error,
    );
  }
}
