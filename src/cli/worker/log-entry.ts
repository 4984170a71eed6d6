/** One entry of the log of a worker as a line: for people, or as JSON for a log collector. */
import type { LogEntry } from '@temporalio/worker';
import { redactSecrets } from '../redact-secrets.js';

/** Of no use to a reader: a token for the server. */
const LEFT_OUT = new Set(['taskToken']);

/** Renders an entry without the secrets in it. */
export type RenderEntry = (entry: Pick<LogEntry, 'level' | 'message' | 'meta'>) => string;

/** `WARN message: reason (workflow id)` */
export const renderText: RenderEntry = ({ level, message, meta = {} }) => {
  const { error, workflowId } = meta;
  const reason = error instanceof Error ? `: ${error.message}` : '';
  const workflow = typeof workflowId === 'string' ? ` (${workflowId})` : '';
  return redactSecrets(`${level} ${message}${reason}${workflow}`);
};

/** `{"time":"...","level":"WARN","message":"...","workflowId":"...", ...}`, in one line. */
export const renderJson: RenderEntry = ({ level, message, meta = {} }) => {
  const fields = Object.entries(meta).filter(([name]) => !LEFT_OUT.has(name));
  // Last, so that no field replaces them.
  const entry = { ...Object.fromEntries(fields), time: new Date().toISOString(), level, message };
  // Each text is redacted before JSON escapes it: a secret with a quote would not be found any more.
  return JSON.stringify(entry, (_key, value: unknown) => {
    if (typeof value === 'string') return redactSecrets(value);
    if (typeof value === 'bigint') return String(value);
    return value instanceof Error ? toPlainError(value) : value;
  });
};

function toPlainError(error: Error): object {
  const { name, message, stack, cause } = error;
  const type = 'type' in error && typeof error.type === 'string' ? { type: error.type } : {};
  return { name, ...type, message, stack, ...(cause instanceof Error ? { cause: toPlainError(cause) } : {}) };
}
