import type { CliCommand } from '../command.js';
import type { Shell } from '../shell.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';
import { printable, table } from '../text.js';

interface Listed {
  readonly id: string;
  readonly paused: boolean;
  /** ISO 8601. */
  readonly nextRun: string | null;
  readonly lastRun: { readonly at: string; readonly workflowId: string } | null;
  readonly note: string | null;
}

export function addScheduleList(group: CliCommand, { session }: Shell): void {
  group
    .command('list')
    .summary('list the schedules of batch runs')
    .description('List the schedules of batch runs in the namespace. A new one may take a second to be listed.')
    .action(async (_flags: object, command: CliCommand) => {
      await withTemporal(session, command.optsWithGlobals<TemporalFlags>(), async ({ batches, config }) => {
        const schedules: Listed[] = [];
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
          schedules.length === 0 ? [`There are no schedules in namespace ${config.namespace}`] : rowsOf(schedules);
        for (const line of lines) session.say(line);
        session.answer({ ok: true, schedules });
      });
    })
    .examples('temporal-llamacloud schedule list', 'temporal-llamacloud schedule list --json');
}

function rowsOf(schedules: readonly Listed[]): string[] {
  const rows = schedules.map(({ id, paused, nextRun, lastRun, note }) => [
    printable(id),
    paused ? 'paused' : 'active',
    nextRun ?? 'none',
    lastRun?.at ?? 'none',
    printable(note ?? ''),
  ]);
  return table([['ID', 'STATE', 'NEXT RUN', 'LAST RUN', 'NOTE'], ...rows], '');
}
