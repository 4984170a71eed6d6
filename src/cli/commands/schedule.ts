import type { CliCommand } from '../command.js';
import type { Shell } from '../shell.js';
import { type TemporalAccess, type TemporalFlags, withTemporal } from '../temporal.js';
import { nonEmpty } from '../values.js';
import { addScheduleCreate } from './schedule-create.js';
import { addScheduleList } from './schedule-list.js';

type Schedule = ReturnType<TemporalAccess['batches']['getSchedule']>;

const OVERLAP_NOTE = ' The overlap policy holds: by default nothing happens while the run before is still under way.';

/** What is done to a schedule that is there: the same but for the verb. */
const ACTIONS: readonly {
  readonly name: string;
  readonly summary: string;
  readonly done: string;
  readonly act: (schedule: Schedule) => Promise<void>;
}[] = [
  {
    name: 'trigger',
    summary: 'run it now',
    done: 'Triggered',
    act: (schedule) => schedule.trigger(),
  },
  {
    name: 'pause',
    summary: 'start no more runs until it is resumed',
    done: 'Paused',
    act: (schedule) => schedule.pause(),
  },
  {
    name: 'resume',
    summary: 'start runs again',
    done: 'Resumed',
    act: (schedule) => schedule.resume(),
  },
  {
    name: 'delete',
    summary: 'delete it; runs that are under way go on',
    done: 'Deleted',
    act: (schedule) => schedule.delete(),
  },
];

export function addSchedule(program: CliCommand, shell: Shell): void {
  const group = program
    .command('schedule')
    .summary('batch runs again and again: create, list, trigger, pause, resume, delete')
    .description('Batch runs again and again, as Temporal Schedules: they are in the Temporal UI under Schedules.');
  addScheduleCreate(group, shell);
  addScheduleList(group, shell);
  for (const { name, summary, done, act } of ACTIONS) {
    group
      .command(name)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.${name === 'trigger' ? OVERLAP_NOTE : ''}`)
      .summary(summary)
      .argument('<id>', 'the id of the schedule', nonEmpty)
      .action(async (scheduleId: string, _flags: object, command: CliCommand) => {
        await withTemporal(shell.session, command.optsWithGlobals<TemporalFlags>(), async ({ batches }) => {
          await act(batches.getSchedule(scheduleId));
          shell.session.say(`${done} schedule ${scheduleId}`);
          shell.session.answer({ ok: true, scheduleId });
        });
      })
      .examples(`temporal-llamacloud schedule ${name} nightly`);
  }
}
