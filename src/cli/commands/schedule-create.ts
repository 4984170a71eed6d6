import { Option } from 'commander';
import type { ScheduleBatchOptions } from '../../client/index.js';
import { addBatchOptions, type BatchFlags, batchInputOf } from '../batch-options.js';
import type { CliCommand } from '../command.js';
import { UsageError } from '../errors.js';
import type { Shell } from '../shell.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';
import { quoted } from '../text.js';
import { duration, nonEmpty, timeZone } from '../values.js';

/** What Temporal does with a run whose time has come while the one before is under way. */
const OVERLAPS = {
  skip: 'SKIP',
  'buffer-one': 'BUFFER_ONE',
  'buffer-all': 'BUFFER_ALL',
  'cancel-other': 'CANCEL_OTHER',
  'terminate-other': 'TERMINATE_OTHER',
  'allow-all': 'ALLOW_ALL',
} as const;

interface CreateFlags extends BatchFlags, TemporalFlags {
  readonly id: string;
  readonly cron?: readonly string[];
  readonly every?: number;
  readonly timeZone?: string;
  readonly jitter?: number;
  readonly overlap: keyof typeof OVERLAPS;
  readonly catchupWindow?: number;
  readonly pauseOnFailure?: boolean;
  readonly paused?: boolean;
  readonly note?: string;
}

/** Temporal's own limits. */
const SHORTEST_INTERVAL_MS = 1_000;
const SHORTEST_CATCHUP_MS = 10_000;

export function addScheduleCreate(group: CliCommand, { session }: Shell): void {
  const command = group
    .command('create')
    .summary('create a schedule')
    .description('Create a schedule of batch runs. Give --cron or --every, or both.')
    .requiredOption('--id <id>', 'id of the schedule, and the start of the workflow ids of its runs', nonEmpty)
    .option('--cron <expression...>', 'cron expressions, such as "0 2 * * *"')
    .option('--every <duration>', 'interval, such as 6h', duration(SHORTEST_INTERVAL_MS))
    .option('--time-zone <name>', 'that --cron is read in, such as Europe/Berlin (default: UTC)', timeZone)
    .option('--jitter <duration>', 'delay each start by a random time up to this', duration())
    .addOption(
      new Option('--overlap <policy>', 'when the run before is still under way')
        .choices(Object.keys(OVERLAPS))
        .default('skip'),
    )
    .option(
      '--catchup-window <duration>',
      'make up for runs that Temporal missed by no more than this (default: 1h)',
      duration(SHORTEST_CATCHUP_MS),
    )
    .option('--pause-on-failure', 'pause it when a run fails')
    .option('--paused', 'create it paused')
    .option('--note <text>', 'a note for people, shown in the UI');
  addBatchOptions(command)
    .action(async (_flags: object, self: CliCommand) => {
      const flags = self.optsWithGlobals<CreateFlags>();
      const input = batchInputOf(flags);
      const options = scheduleOptionsOf(flags);
      await withTemporal(session, flags, async ({ batches }) => {
        const { scheduleId, handle } = await batches.schedule(input, options).catch((error: unknown) => {
          // The SDK's name for what the server calls an invalid argument, such as a cron expression.
          throw error instanceof TypeError ? new UsageError(`The schedule is not valid: ${error.message}`) : error;
        });
        const next = (await handle.describe()).info.nextActionTimes[0];
        const when = flags.paused ? 'It is paused.' : `Next run: ${next?.toISOString() ?? 'none'}.`;
        session.say(`Created schedule ${scheduleId}. ${when}`);
        session.say(`Run it now: temporal-llamacloud schedule trigger ${quoted(scheduleId)}`);
        session.answer({ ok: true, scheduleId, nextRun: next?.toISOString() ?? null });
      });
    })
    .examples(
      'temporal-llamacloud schedule create --id nightly --cron "0 2 * * *" --time-zone Europe/Berlin \\\n      --directory dir-... --job parse_v2 --configuration cfg-PARSE_AGENTIC',
      'temporal-llamacloud schedule create --id often --every 6h --jitter 10m \\\n      --directory dir-... --job extract_v2 --configuration cfg-...',
    );
}

function scheduleOptionsOf(flags: CreateFlags): ScheduleBatchOptions {
  const { id, cron, every, timeZone, jitter, overlap, catchupWindow, pauseOnFailure, paused, note } = flags;
  if (cron === undefined && every === undefined) {
    throw new UsageError('A schedule needs --cron or --every', 'For example --cron "0 2 * * *", or --every 6h.');
  }
  return {
    scheduleId: id,
    overlap: OVERLAPS[overlap],
    ...(cron === undefined ? {} : { cron: [...cron] }),
    ...(every === undefined ? {} : { every }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(jitter === undefined ? {} : { jitter }),
    ...(catchupWindow === undefined ? {} : { catchupWindow }),
    ...(pauseOnFailure === undefined ? {} : { pauseOnFailure }),
    ...(paused === undefined ? {} : { paused }),
    ...(note === undefined ? {} : { note }),
  };
}
