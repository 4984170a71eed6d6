/** The servers and the worker that `dev` starts. */
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
import type { CleanupStack } from '../cleanup-stack.js';
import type { CommandContext } from '../command-context.js';
import { installRuntime } from '../temporal-runtime.js';
import type { DevInput } from './input.js';

const MAX_SLUG_LENGTH = 40;

export interface DevServices {
  readonly temporal: LocalTemporal;
  readonly emulator: LlamaCloudEmulator;
  /** LlamaCloud id of the folder, dir-... */
  readonly directoryId: string;
}

/** Short for a trial, and long enough to be seen in the UI. The batch ends before the second poll, after 1 s. */
const EMULATED_DURATIONS = { batchPendingMs: 200, batchRunningMs: 600, jobPendingMs: 50, jobRunningMs: 100 };

/** Nobody waits for the activities that are open at Ctrl-C. */
const SHUTDOWN = { shutdownGraceTime: '200ms', shutdownForceTime: '3s' } as const;

/** The report has the failed files. */
const REPORTED = new Set(['Workflow failed', 'Activity failed']);

export async function startServices(
  context: CommandContext,
  input: DevInput,
  cleanup: CleanupStack,
): Promise<DevServices> {
  const { signals } = context;
  installRuntime('WARN', { isLogged: (message) => !REPORTED.has(message) });

  context.info('Starting Temporal…');
  const temporal = await signals.race(
    cleanup.add(
      startLocalTemporal({
        ui: true,
        searchAttributes: SEARCH_ATTRIBUTE_KEYS,
        onProgress: (message) => context.info(`  ${message}`),
        // Ctrl-C also ends a download.
        run: (command, args, options) =>
          runCommand(command, args, {
            ...options,
            signal: AbortSignal.any([signals.abortSignal, ...(options.signal === undefined ? [] : [options.signal])]),
          }),
      }),
      (started) => started.close(),
    ),
  );
  context.temporalTarget = { address: temporal.address, namespace: temporal.namespace };

  context.info('Starting the LlamaCloud emulator…');
  const emulator = await signals.race(
    cleanup.add(startLlamaCloudEmulator(EMULATED_DURATIONS), (started) => started.close()),
  );
  const { id: directoryId } = await signals.race(
    emulator.addDirectory(input.folder, { id: toDirectoryId(input.folder) }),
  );

  context.info('Starting a worker…');
  await signals.race(
    cleanup.add(
      startWorker(
        {
          llamacloud: { apiKey: emulator.apiKey, baseUrl: emulator.url },
          output: input.output,
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

/** Made of the folder's name: people read it in the workflow id. */
function toDirectoryId(folder: string): string {
  const slug = basename(folder)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `dir-${slug.slice(0, MAX_SLUG_LENGTH) || 'documents'}`;
}
