import { stat } from 'node:fs/promises';
import type { EmulatorOptions } from '../../testing/index.js';
import type { CliCommand } from '../command.js';
import { CliError, UsageError } from '../errors.js';
import { typedPath } from '../paths.js';
import type { Session } from '../session.js';
import type { Shell } from '../shell.js';
import { printable } from '../text.js';
import { duration, type IdAndPath, idAndPath, integer, nonEmpty, number } from '../values.js';

interface EmulatorFlags {
  readonly port: number;
  readonly directory?: readonly IdAndPath[];
  readonly apiKey?: string;
  readonly batchDuration?: number;
  readonly jobDuration?: number;
  readonly faultRate?: number;
  readonly seed?: number;
}

const LARGEST_PORT = 65_535;

const DESCRIPTION = `Serve an emulator of LlamaCloud: batches, parse and extract jobs over folders of this machine.

Prints one line of JSON with its url when it is ready, and serves until SIGTERM or Ctrl-C. Parse jobs really parse; extract jobs answer a small fixed record. GET /__emulator/requests lists the requests that it has seen.`;

export function addEmulator(program: CliCommand, { session, outcome }: Shell): void {
  program
    .command('emulator')
    .summary('serve an emulated LlamaCloud over folders of this machine')
    .description(DESCRIPTION)
    .option('--port <port>', 'port on 127.0.0.1; 0 takes a free one', integer(0, LARGEST_PORT), 0)
    .option('--directory <id=path>', 'serve the folder as the directory of this id; may be given again', idAndPath)
    .option('--api-key <key>', 'the key that it accepts (default: one that it makes, and prints as apiKey)', nonEmpty)
    .option('--batch-duration <duration>', 'from the creation of a batch to its end (default: 1s)', duration())
    .option('--job-duration <duration>', 'from the creation of a job to its end (default: 400ms)', duration())
    .option('--fault-rate <rate>', 'share of the requests that meet a fault, 0 to 1 (default: 0)', number(0, 1))
    .option('--seed <n>', 'decides ids and faults, so that a run can be repeated (default: random)', integer(0))
    .action(async (flags: EmulatorFlags) => {
      outcome.exitCode = await emulate(session, flags);
    })
    .examples(
      'temporal-llamacloud emulator --port 8300 --directory dir-1=./documents --api-key llx-test',
      'temporal-llamacloud emulator --directory dir-1=./documents --batch-duration 5s --fault-rate 0.2 --seed 7',
    );
}

async function emulate(session: Session, flags: EmulatorFlags): Promise<number> {
  const { interrupt } = session;
  interrupt.listen();
  const folders = (flags.directory ?? []).map(({ id, path }) => ({ id, path: typedPath(path) }));
  for (const { id, path } of folders) {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isDirectory()) throw new UsageError(`--directory ${id}: there is no folder ${printable(path)}`);
  }
  const { startLlamaCloudEmulator } = await import('../../testing/emulator/index.js');
  const emulator = await startLlamaCloudEmulator(optionsOf(flags)).catch((error: unknown) => {
    throw explained(error, flags.port);
  });
  try {
    const directories = [];
    for (const { id, path } of folders) {
      const { files } = await emulator.addDirectory(path, { id });
      directories.push({ id, files: files.length });
    }
    // A key of the user's is theirs to tell; one of ours nobody could know.
    const { url, apiKey } = emulator;
    const line = { url, ...(flags.apiKey === undefined ? { apiKey } : {}), directories };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    await interrupt.wait();
    return 0;
  } finally {
    await emulator.close();
  }
}

/** A batch is PENDING for a fifth of its time, a job for a quarter, as with the emulator's own defaults. */
function optionsOf({ port, apiKey, batchDuration, jobDuration, faultRate, seed }: EmulatorFlags): EmulatorOptions {
  return {
    port,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(batchDuration === undefined ? {} : split('batch', batchDuration, 1 / 5)),
    ...(jobDuration === undefined ? {} : split('job', jobDuration, 1 / 4)),
    ...(faultRate === undefined ? {} : { faultRate }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function split(what: 'batch' | 'job', durationMs: number, pendingShare: number): EmulatorOptions {
  const pendingMs = Math.round(durationMs * pendingShare);
  const runningMs = durationMs - pendingMs;
  return what === 'batch'
    ? { batchPendingMs: pendingMs, batchRunningMs: runningMs }
    : { jobPendingMs: pendingMs, jobRunningMs: runningMs };
}

function explained(error: unknown, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new CliError(`Port ${port} is in use`, 'Choose another --port, or 0 for a free one.', error);
  }
  if (code === 'EACCES')
    return new CliError(`Port ${port} needs more rights than we have`, 'Choose another --port.', error);
  return error;
}
