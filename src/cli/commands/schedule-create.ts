import { Option } from 'commander';
import type { ScheduleBatchOptions } from '../../client/index.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { addBatchOptions, type BatchFlags, toBatchInput } from '../options/batch-options.js';
import { duration, nonEmpty, timeZone } from '../options/parsers.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';

/** Temporal's names of the policies. */
const OVERLAP_POLICIES = {
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
  readonly overlap: keyof typeof OVERLAP_POLICIES;
  readonly catchupWindow?: number;
  readonly pauseOnFailure?: boolean;
  readonly paused?: boolean;
  readonly note?: string;
}

/** Temporal's lower bounds. */
const MIN_INTERVAL_MS = 1_000;
const MIN_CATCHUP_WINDOW_MS = 10_000;

const DESCRIPTION = `Create a schedule that starts runs. Give --cron or --every, or both.

Each time the schedule fires, it creates a batch, and you pay for it, even if the directory has not changed.`;

export function addScheduleCreate(group: CliCommand, context: CommandContext): void {
  const command = group
    .command('create')
    .summary('create a schedule')
    .description(DESCRIPTION)
    .requiredOption('--id <id>', 'id of the schedule; the workflow ids of its runs start with it', nonEmpty)
    .option('--cron <expression...>', 'start a run at these times, such as "0 2 * * *" (daily at 02:00)')
    .option('--every <duration>', 'start a run at this interval, such as 6h', duration(MIN_INTERVAL_MS))
    .option('--time-zone <name>', 'time zone of --cron, such as Europe/Berlin (default: UTC)', timeZone)
    .option('--jitter <duration>', 'delay each start by a random time up to this, such as 10m (default: 0)', duration())
    .addOption(
      new Option(
        '--overlap <policy>',
        'when the previous run of this schedule is open: skip the next run, buffer one or all, cancel the previous run, terminate it (its batch goes on, and you pay for it), or allow both',
      )
        .choices(Object.keys(OVERLAP_POLICIES))
        .default('skip'),
    )
    .option(
      '--catchup-window <duration>',
      'after an outage of Temporal, start the runs that were due within this time (default: 1h)',
      duration(MIN_CATCHUP_WINDOW_MS),
    )
    .option('--pause-on-failure', 'pause the schedule when a run fails')
    .option('--paused', 'create the schedule paused')
    .option('--note <text>', 'note that the Temporal UI and schedule list show');
  addBatchOptions(command, { manyDirectories: false })
    .action(async (_flags: object, self: CliCommand) => {
      const flags = self.optsWithGlobals<CreateFlags>();
      const input = toBatchInput(flags);
      const options = toScheduleOptions(flags);
      await withTemporal(context, flags, async ({ batches }) => {
        const { scheduleId, handle } = await batches.schedule(input, options).catch((error: unknown) => {
          // The SDK throws a TypeError for a spec that the server rejects, such as an invalid cron expression.
          throw error instanceof TypeError
            ? new UsageError(`The schedule is not valid: ${error.message}`, 'Check --cron and --every.', error)
            : error;
        });
        const next = flags.paused ? undefined : (await handle.describe()).info.nextActionTimes[0];
        const nextRun = next?.toISOString() ?? null;
        context.info(
          `Created schedule ${scheduleId}. ${flags.paused ? 'It is paused.' : `Next run: ${nextRun ?? 'none'}.`}`,
        );
        context.info(`Start a run now: ${context.renderCommand('schedule', 'trigger', scheduleId)}`);
        context.json({ ok: true, scheduleId, nextRun });
      });
    })
    .examples(
      'temporal-llamacloud schedule create --id nightly --cron "0 2 * * *" --time-zone Europe/Berlin \\\n      --directory dir-... --job parse_v2 --configuration cfg-PARSE_AGENTIC',
      'temporal-llamacloud schedule create --id every-6-hours --every 6h --jitter 10m \\\n      --directory dir-... --job extract_v2 --configuration cfg-...',
    );
}

function toScheduleOptions(flags: CreateFlags): ScheduleBatchOptions {
  const { id, cron, every, timeZone, jitter, overlap, catchupWindow, pauseOnFailure, paused, note } = flags;
  if (cron === undefined && every === undefined) {
    throw new UsageError('A schedule needs --cron or --every', 'For example: --cron "0 2 * * *", or --every 6h.');
  }
  return {
    scheduleId: id,
    overlap: OVERLAP_POLICIES[overlap],
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
