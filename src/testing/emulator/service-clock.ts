import type { Settings } from './options.js';

type Clock = Pick<Settings, 'clockOffsetMs'>;

/** A moment of this machine (ms of the epoch) as LlamaCloud's clock tells it. */
export function formatServiceTime(atMs: number, { clockOffsetMs }: Clock): string {
  return new Date(atMs + clockOffsetMs).toISOString();
}

/** A moment of LlamaCloud's clock (ms of the epoch) as this machine's clock tells it. */
export function fromServiceTime(serviceMs: number, { clockOffsetMs }: Clock): number {
  return serviceMs - clockOffsetMs;
}
