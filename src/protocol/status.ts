/** The terminal statuses of a batch, and of a job of either type. */
export type TerminalStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** LlamaCloud adds statuses without notice. An unknown status is not terminal. */
export function isTerminal(status: string): status is TerminalStatus {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}
