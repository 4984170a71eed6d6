import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/**
 * Finds a free TCP port on the loopback interface, and keeps it from other processes for a while. A connection that the listening side
 * closes first leaves the port in TIME_WAIT: the system gives it to nobody who asks for any port, but a server can bind it by number.
 *
 * `get-port` and the like do not do this: between their answer and the start of the server another process can take the port, and a
 * Temporal server alone takes ten.
 */
export async function findFreePort(): Promise<number> {
  const listener = createServer((socket) => socket.end());
  listener.listen(0, LOOPBACK);
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP listener has no port');
  const client = connect(address.port, LOOPBACK).resume();
  await once(client, 'close');
  listener.close();
  await once(listener, 'close');
  return address.port;
}
