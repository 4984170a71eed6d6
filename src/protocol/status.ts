/** Batch statuses that LlamaCloud documents. Others may come: they are shown, and never taken as terminal. */
export const BATCH_STATUSES = ['PENDING', 'THROTTLED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];

export type TerminalStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** Holds for batches and for jobs of both types: they share their terminal statuses. */
export function isTerminal(status: string): status is TerminalStatus {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}
