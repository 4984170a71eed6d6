import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { nonEmpty } from '../options/parsers.js';
import { type TemporalClients, type TemporalFlags, withTemporal } from '../temporal.js';
import { addScheduleCreate } from './schedule-create.js';
import { addScheduleList } from './schedule-list.js';

type Schedule = ReturnType<TemporalClients['batches']['getSchedule']>;

const DESCRIPTION = `Create and manage Temporal Schedules that start runs. The Temporal UI shows them under Schedules.

Each time a schedule fires, it creates a batch, and you pay for it, even if the directory has not changed.`;

/** Commands on an existing schedule. */
const ACTIONS: readonly {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly done: string;
  readonly act: (schedule: Schedule) => Promise<void>;
}[] = [
  {
    name: 'trigger',
    summary: 'start a run of a schedule now',
    description:
      'Start a run of a schedule now. The overlap policy of the schedule applies: by default, no run is started while the previous one is open.',
    done: 'Triggered',
    act: (schedule) => schedule.trigger(),
  },
  {
    name: 'pause',
    summary: 'pause a schedule',
    description: 'Pause a schedule: it starts no runs until it is resumed. Open runs go on.',
    done: 'Paused',
    act: (schedule) => schedule.pause(),
  },
  {
    name: 'resume',
    summary: 'resume a paused schedule',
    description: 'Resume a paused schedule.',
    done: 'Resumed',
    act: (schedule) => schedule.resume(),
  },
  {
    name: 'delete',
    summary: 'delete a schedule',
    description: 'Delete a schedule. Open runs go on.',
    done: 'Deleted',
    act: (schedule) => schedule.delete(),
  },
];

export function addSchedule(program: CliCommand, context: CommandContext): void {
  const group = program.command('schedule').summary('create and manage schedules of runs').description(DESCRIPTION);
  addScheduleCreate(group, context);
  addScheduleList(group, context);
  for (const { name, summary, description, done, act } of ACTIONS) {
    group
      .command(name)
      .summary(summary)
      .description(description)
      .argument('<id>', 'id of the schedule', nonEmpty)
      .action(async (scheduleId: string, _flags: object, command: CliCommand) => {
        await withTemporal(context, command.optsWithGlobals<TemporalFlags>(), async ({ batches }) => {
          await act(batches.getSchedule(scheduleId));
          context.info(`${done} schedule ${scheduleId}`);
          context.json({ ok: true, scheduleId });
        });
      })
      .examples(`temporal-llamacloud schedule ${name} nightly`);
  }
}
