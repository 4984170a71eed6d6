import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { LOOPBACK } from './free-port.js';

/** When to give up. */
export interface Limits {
  /** In milliseconds since the epoch. */
  readonly deadline: number;
  /** Settles when the server has ended: then there is nothing to wait for. */
  readonly ended: Promise<void>;
}

const LOOK_EVERY_MS = 50;

/**
 * Waits until a Temporal server lets clients in. It listens before that, and then turns them away as not healthy yet: on a
 * busy machine for seconds.
 */
export async function untilServes(port: number, limits: Limits): Promise<void> {
  await until(`nothing listens on port ${port}`, limits, () => listens(port));
  const address = `${LOOPBACK}:${port}`;
  await until(`${address} does not let clients in`, limits, async () => {
    const connection = await Connection.connect({ address, connectTimeout: Math.max(1, limits.deadline - Date.now()) });
    await connection.close();
    return true;
  });
}

/** Waits until a URL answers with a success. */
export async function untilAnswers(url: string, limits: Limits): Promise<void> {
  await until(`${url} does not answer`, limits, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(Math.max(1, limits.deadline - Date.now())) });
    await response.body?.cancel();
    return response.ok;
  });
}

async function until(otherwise: string, limits: Limits, holds: () => Promise<boolean>): Promise<void> {
  const ended = limits.ended.then(() => 'ended' as const);
  for (;;) {
    const held = await Promise.race([ended, holds().catch(() => false)]);
    if (held === true) return;
    if (held === 'ended') throw new Error('The server ended');
    if (Date.now() >= limits.deadline) throw new Error(`The server took too long: ${otherwise}`);
    await delay(LOOK_EVERY_MS);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
