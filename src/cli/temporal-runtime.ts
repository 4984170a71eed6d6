import { DefaultLogger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { redactSecrets } from './redact-secrets.js';

/**
 * Installs the SDK's runtime: its log goes to stderr, and it leaves the signals to the command. Call it before anything else of
 * the SDK is used.
 *
 * @param isLogged Filters log entries by their message. Default: all are logged.
 */
export function installRuntime(level: LogLevel, isLogged: (message: string) => boolean = () => true): void {
  const logger = new DefaultLogger(level, ({ level: entryLevel, message, meta }) => {
    if (!isLogged(message)) return;
    process.stderr.write(`${redactSecrets(renderLogEntry(entryLevel, message, meta))}\n`);
  });
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: level, other: 'ERROR' }) } },
  });
}

/** `WARN message: reason (workflow id)` */
function renderLogEntry(level: string, message: string, meta: Readonly<Record<string, unknown>> = {}): string {
  const { error, workflowId } = meta;
  const reason = error instanceof Error ? `: ${error.message}` : '';
  const workflow = typeof workflowId === 'string' ? ` (${workflowId})` : '';
  return `${level} ${message}${reason}${workflow}`;
}
