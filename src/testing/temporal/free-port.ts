import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/**
 * A free TCP port on the loopback interface. It is not reserved, but nothing else is given it for a while: a connection
 * closed from the listening side first leaves the port in TIME_WAIT, in which the system hands it to nobody who asks for
 * "any" port, while a server may still bind it by number.
 */
export async function freePort(): Promise<number> {
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
