import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';
import { renderTable, toPrintable } from '../text.js';

/** A schedule as `--json` prints it. Times are ISO 8601. */
interface ListedSchedule {
  readonly id: string;
  readonly paused: boolean;
  /** `null` if the schedule is paused or has no more runs. */
  readonly nextRun: string | null;
  readonly lastRun: { readonly at: string; readonly workflowId: string } | null;
  readonly note: string | null;
}

export function addScheduleList(group: CliCommand, context: CommandContext): void {
  group
    .command('list')
    .summary('list the schedules')
    .description('List the schedules of runs in the namespace, with UTC times. A change takes about a second to show.')
    .action(async (_flags: object, command: CliCommand) => {
      await withTemporal(context, command.optsWithGlobals<TemporalFlags>(), async ({ batches, config }) => {
        const schedules: ListedSchedule[] = [];
        for await (const { scheduleId, state, info } of batches.listSchedules()) {
          const last = info?.recentActions.at(-1);
          schedules.push({
            id: scheduleId,
            paused: state.paused,
            nextRun: info?.nextActionTimes[0]?.toISOString() ?? null,
            lastRun:
              last === undefined
                ? null
                : { at: last.takenAt.toISOString(), workflowId: last.action.workflow.workflowId },
            note: state.note ?? null,
          });
        }
        const lines =
          schedules.length === 0
            ? [`There are no schedules of runs in namespace ${config.namespace}`]
            : renderSchedules(schedules);
        for (const line of lines) context.info(line);
        context.json({ ok: true, schedules });
      });
    })
    .examples('temporal-llamacloud schedule list', 'temporal-llamacloud schedule list --json');
}

function renderSchedules(schedules: readonly ListedSchedule[]): string[] {
  const rows = schedules.map(({ id, paused, nextRun, lastRun, note }) => [
    toPrintable(id),
    paused ? 'paused' : 'active',
    nextRun ?? 'none',
    lastRun?.at ?? 'none',
    toPrintable(note ?? ''),
  ]);
  return renderTable([['ID', 'STATE', 'NEXT RUN', 'LAST RUN', 'NOTE'], ...rows], '');
}
