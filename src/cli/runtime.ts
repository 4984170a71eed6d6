import { DefaultLogger, type LogLevel, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { withoutSecrets } from './secrets.js';

/**
 * Sets up the SDK's one runtime: its log goes to stderr, and signals are ours, since it would shut the workers down by
 * itself. Comes before anything else of the SDK's.
 *
 * @param isShown Which messages are worth a person's time. Default: all.
 */
export function installRuntime(level: LogLevel, isShown: (message: string) => boolean = () => true): void {
  const logger = new DefaultLogger(level, ({ level: entryLevel, message, meta }) => {
    if (!isShown(message)) return;
    const error: unknown = meta?.error;
    const reason = error instanceof Error ? `: ${error.message}` : '';
    const where = typeof meta?.workflowId === 'string' ? ` (${meta.workflowId})` : '';
    process.stderr.write(`${withoutSecrets(`${entryLevel} ${message}${reason}${where}`)}\n`);
  });
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: level, other: 'ERROR' }) } },
  });
}
