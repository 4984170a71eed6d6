import { stat } from 'node:fs/promises';
import type { EmulatorOptions } from '../../testing/index.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { MAX_PORT, toListenError } from '../listen-error.js';
import {
  duration,
  type IdAndPath,
  integer,
  nonEmpty,
  number,
  repeatedId,
  repeatedIdAndPath,
} from '../options/parsers.js';
import { toPrintable } from '../text.js';
import { resolveUserPath } from '../user-path.js';

interface EmulatorFlags {
  readonly port: number;
  readonly directory?: readonly IdAndPath[];
  readonly configuration?: readonly string[];
  readonly apiKey?: string;
  readonly batchDuration?: number;
  readonly jobDuration?: number;
  readonly faultRate?: number;
  readonly seed?: number;
}

const DESCRIPTION = `Serve an emulator of LlamaCloud on 127.0.0.1: batches, parse jobs and extract jobs over local folders. Point a worker at it with LLAMA_CLOUD_BASE_URL and LLAMA_CLOUD_API_KEY.

When it is ready, it prints one line of JSON with its url, its directories and the API key that it has made up. It serves until Ctrl-C or SIGTERM. Parse jobs parse PDF, Markdown and text files. Extract jobs return a record with title, pages and words. GET /__emulator/requests lists the requests so far.`;

export function addEmulator(program: CliCommand, context: CommandContext): void {
  program
    .command('emulator')
    .summary('serve an emulated LlamaCloud over local folders')
    .description(DESCRIPTION)
    .option('--port <port>', 'listen on this port of 127.0.0.1; 0 takes a free port', integer(0, MAX_PORT), 0)
    .option(
      '--directory <id=path>',
      'serve the folder as the LlamaCloud directory of this id; repeat it for more folders',
      repeatedIdAndPath,
    )
    .option(
      '--configuration <id>',
      'accept this saved configuration as well as the presets; repeat it for more (default: presets only)',
      repeatedId,
    )
    .option('--api-key <key>', 'accept only this API key (default: a key that it makes up and prints)', nonEmpty)
    .option(
      '--batch-duration <duration>',
      'time from the creation of a batch to its end, such as 30s (default: 1s)',
      duration(),
    )
    .option(
      '--job-duration <duration>',
      'time from the creation of a job to its end, such as 5s (default: 400ms)',
      duration(),
    )
    .option('--fault-rate <share>', 'share of the requests that fail, 0 to 1 (default: 0)', number(0, 1))
    .option(
      '--seed <n>',
      'with the same number, the emulator gives the same ids and faults again (default: random)',
      integer(0),
    )
    .action(async (flags: EmulatorFlags) => {
      context.exitCode = await serve(context, flags);
    })
    .examples(
      'temporal-llamacloud emulator --port 8300 --directory dir-1=./documents --api-key llx-test',
      'temporal-llamacloud emulator --directory dir-1=./documents --batch-duration 5s --fault-rate 0.2 --seed 7',
    );
}

async function serve({ signals, io }: CommandContext, flags: EmulatorFlags): Promise<number> {
  signals.listen();
  const folders = (flags.directory ?? []).map(({ id, path }) => ({ id, path: resolveUserPath(path) }));
  for (const { id, path } of folders) {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isDirectory()) {
      throw new UsageError(`--directory ${id}: there is no folder ${toPrintable(path)}`);
    }
  }
  const { startLlamaCloudEmulator } = await import('../../testing/emulator/index.js');
  const emulator = await startLlamaCloudEmulator(toEmulatorOptions(flags)).catch((error: unknown) => {
    throw toListenError(error, flags.port);
  });
  try {
    const directories = [];
    for (const { id, path } of folders) {
      const { files } = await emulator.addDirectory(path, { id });
      directories.push({ id, files: files.length });
    }
    // A key that the user has given is a secret. A made-up key has to be printed.
    const { url, apiKey } = emulator;
    const line = { url, ...(flags.apiKey === undefined ? { apiKey } : {}), directories };
    io.stdout.write(`${JSON.stringify(line)}\n`);
    await signals.waitForFirst();
    return 0;
  } finally {
    await emulator.close();
  }
}

/** A batch is PENDING for a fifth of its time, and a job for a quarter, as by the emulator's defaults. */
function toEmulatorOptions({
  port,
  configuration,
  apiKey,
  batchDuration,
  jobDuration,
  faultRate,
  seed,
}: EmulatorFlags): EmulatorOptions {
  return {
    port,
    ...(configuration === undefined ? {} : { configurationIds: [...configuration] }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(batchDuration === undefined
      ? {}
      : {
          batchPendingMs: Math.round(batchDuration / 5),
          batchRunningMs: batchDuration - Math.round(batchDuration / 5),
        }),
    ...(jobDuration === undefined
      ? {}
      : { jobPendingMs: Math.round(jobDuration / 4), jobRunningMs: jobDuration - Math.round(jobDuration / 4) }),
    ...(faultRate === undefined ? {} : { faultRate }),
    ...(seed === undefined ? {} : { seed }),
  };
}
