/** The statuses that end a batch, and a job of either type. */
export type TerminalStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** LlamaCloud adds statuses without notice: one that is not known is shown, and never taken as the end. */
export function isTerminal(status: string): status is TerminalStatus {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}
