/** What `dev` starts: Temporal, the emulator, a worker. */

import { basename } from 'node:path';
import { SEARCH_ATTRIBUTE_KEYS } from '../../client/search-attributes.js';
import { DEFAULT_TASK_QUEUE } from '../../protocol/index.js';
import {
  type LlamaCloudEmulator,
  type LocalTemporal,
  startLlamaCloudEmulator,
  startLocalTemporal,
} from '../../testing/index.js';
import { runCommand } from '../../testing/temporal/run-command.js';
import { startWorker } from '../../worker.js';
import type { Closers } from '../closers.js';
import { installRuntime } from '../runtime.js';
import type { Session } from '../session.js';
import type { DevPlan } from './plan.js';

const LONGEST_SLUG = 40;

export interface DevServices {
  readonly temporal: LocalTemporal;
  readonly emulator: LlamaCloudEmulator;
  /** The folder as a directory of the emulated project, dir-... */
  readonly directoryId: string;
}

/**
 * Done before the run looks a second time, after a second: long enough to be seen in the UI, short enough for a try.
 */
const EMULATED_TIMES = { batchPendingMs: 200, batchRunningMs: 600, jobPendingMs: 50, jobRunningMs: 100 };

/** What is under way when a person wants to leave is of no use to anybody. */
const SHUTDOWN = { shutdownGraceTime: '200ms', shutdownForceTime: '3s' } as const;

/** A failed file is part of the report. */
const REPORTED_ANYWAY = new Set(['Workflow failed', 'Activity failed']);

export async function startServices(session: Session, plan: DevPlan, closers: Closers): Promise<DevServices> {
  const { interrupt } = session;
  installRuntime('WARN', (message) => !REPORTED_ANYWAY.has(message));

  session.say('Starting Temporal…');
  const temporal = await interrupt.race(
    closers.open(
      startLocalTemporal({
        ui: true,
        searchAttributes: SEARCH_ATTRIBUTE_KEYS,
        onProgress: (message) => session.say(`  ${message}`),
        // A download that nobody waits for must not go on.
        run: (command, args, options) =>
          runCommand(command, args, {
            ...options,
            signal: AbortSignal.any([interrupt.signal, ...(options.signal === undefined ? [] : [options.signal])]),
          }),
      }),
      (started) => started.close(),
    ),
  );

  session.say('Starting the LlamaCloud emulator…');
  const emulator = await interrupt.race(
    closers.open(startLlamaCloudEmulator(EMULATED_TIMES), (started) => started.close()),
  );
  const { id: directoryId } = await interrupt.race(
    emulator.addDirectory(plan.folder, { id: directoryIdOf(plan.folder) }),
  );

  session.say('Starting a worker…');
  await interrupt.race(
    closers.open(
      startWorker(
        {
          llamacloud: { apiKey: emulator.apiKey, baseUrl: emulator.url },
          output: plan.output,
          temporal: {
            connection: { address: temporal.address },
            namespace: temporal.namespace,
            taskQueue: DEFAULT_TASK_QUEUE,
          },
        },
        SHUTDOWN,
      ),
      (started) => started.stop(),
    ),
  );
  return { temporal, emulator, directoryId };
}

/** Part of the workflow's id, which people read in the UI: the folder's name says more than a random id. */
export function directoryIdOf(folder: string): string {
  const name = basename(folder)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `dir-${name.slice(0, LONGEST_SLUG) || 'documents'}`;
}
