import type { Settings } from './settings.js';

type Clock = Pick<Settings, 'clockOffsetMs'>;

/** Converts a time of this machine (ms of the epoch) to LlamaCloud's time, as an ISO string. */
export function formatServiceTime(atMs: number, { clockOffsetMs }: Clock): string {
  return new Date(atMs + clockOffsetMs).toISOString();
}

/** Converts LlamaCloud's time (ms of the epoch) to this machine's time. */
export function fromServiceTime(serviceMs: number, { clockOffsetMs }: Clock): number {
  return serviceMs - clockOffsetMs;
}
