import type { ListenAddress } from '../../config/worker-settings.js';
import type { RunningWorker } from '../../worker.js';
import { toListenError } from '../listen-error.js';
import { startHealthServer } from './health-server.js';

export interface Health {
  /** Where it is served; `undefined` if it is not asked for. */
  readonly url: string | undefined;
  /** Until then the worker is not ready. */
  setWorker(worker: Pick<RunningWorker, 'findProblem'>): void;
  close(): Promise<void>;
}

/** Starts before the worker, so that an orchestrator sees a process that responds while it connects. */
export async function startHealth(address: ListenAddress | undefined): Promise<Health> {
  let worker: Pick<RunningWorker, 'findProblem'> | undefined;
  const setWorker = (started: Pick<RunningWorker, 'findProblem'>) => {
    worker = started;
  };
  if (address === undefined) return { url: undefined, setWorker, close: async () => undefined };
  const server = await startHealthServer(
    address,
    async () => await (worker?.findProblem() ?? 'the worker is starting'),
  ).catch((error: unknown) => {
    throw toListenError(error, address.port, 'LLAMACLOUD_HEALTH_ADDRESS');
  });
  return { url: server.url, setWorker, close: () => server.close() };
}
