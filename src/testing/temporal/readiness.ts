import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { LOOPBACK } from './free-port.js';

/** When to stop waiting. */
export interface WaitLimits {
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
  /** Resolves when the server has exited. */
  readonly exited: Promise<void>;
}

const POLL_INTERVAL_MS = 50;

/** Waits until a Temporal server accepts clients. It listens earlier, but rejects clients as not healthy: for seconds on a busy machine. */
export async function waitForTemporal(port: number, limits: WaitLimits): Promise<void> {
  await waitUntil(`nothing listens on port ${port}`, limits, () => isListening(port));
  const address = `${LOOPBACK}:${port}`;
  await waitUntil(`${address} does not accept clients`, limits, async () => {
    const connection = await Connection.connect({ address, connectTimeout: msUntil(limits.deadlineMs) });
    await connection.close();
    return true;
  });
}

/** Waits until a URL responds with a success status. */
export async function waitForUrl(url: string, limits: WaitLimits): Promise<void> {
  await waitUntil(`${url} does not respond`, limits, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(msUntil(limits.deadlineMs)) });
    await response.body?.cancel();
    return response.ok;
  });
}

function msUntil(deadlineMs: number): number {
  return Math.max(1, deadlineMs - Date.now());
}

/** @param problem Why the wait failed, if the deadline passes. */
async function waitUntil(problem: string, limits: WaitLimits, isReady: () => Promise<boolean>): Promise<void> {
  const exited = limits.exited.then(() => 'exited' as const);
  for (;;) {
    const result = await Promise.race([exited, isReady().catch(() => false)]);
    if (result === true) return;
    if (result === 'exited') throw new Error('The server exited');
    if (Date.now() >= limits.deadlineMs) throw new Error(`The server took too long to start: ${problem}`);
    await delay(POLL_INTERVAL_MS);
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
