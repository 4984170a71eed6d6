import type { Pause } from '../../protocol/index.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { nonEmpty } from '../options/parsers.js';
import { readUser } from '../read-user.js';
import { type TemporalClients, type TemporalFlags, withTemporal } from '../temporal.js';
import { toPrintable } from '../text.js';

const DESCRIPTION = `Pause and resume all runs of a task queue together, in all workers. It is Temporal's rate limit of the task queue: 0 activities a second. The server needs version 1.29.`;

const PAUSE = `Pause all runs of the task queue: no activity is started, so nothing is sent to LlamaCloud, and no batch is created. What has started goes on: attempts of activities, and batches and jobs in LlamaCloud. The times of --timeout and --job-timeout go on. A run that is cancelled meanwhile still cancels its batch and its jobs, unless LLAMACLOUD_REQUESTS_PER_SECOND is set: then resume the account first.`;

interface PauseFlags extends TemporalFlags {
  readonly reason?: string;
}

export function addAccount(program: CliCommand, context: CommandContext): void {
  const group = program
    .command('account')
    .summary('pause and resume all runs of a task queue')
    .description(DESCRIPTION);
  const onAccount =
    (act: (temporal: TemporalClients, flags: PauseFlags) => Promise<void>) =>
    async (_flags: object, command: CliCommand): Promise<void> => {
      const flags = command.optsWithGlobals<PauseFlags>();
      await withTemporal(context, flags, (temporal) => act(temporal, flags));
    };
  group
    .command('pause')
    .summary('pause all runs')
    .description(PAUSE)
    .option('--reason <text>', 'why, for those who look at a run', nonEmpty)
    .action(
      onAccount(async ({ batches, config: { taskQueue } }, { reason }) => {
        const pause = await batches.pauseAccount({ by: readUser(), ...(reason === undefined ? {} : { reason }) });
        context.info(`Paused task queue ${taskQueue}`);
        if (pause.replacedLimit !== null)
          context.warn(
            `warning: this replaces the limit of ${pause.replacedLimit} activities a second that the task queue had. Set it again when you have resumed.`,
          );
        context.info(`Resume it: ${context.renderCommand('account', 'resume')}`);
        context.json({ ok: true, taskQueue, pause });
      }),
    )
    .examples('temporal-llamacloud account pause --reason "no credits until Monday"');
  group
    .command('resume')
    .summary('end the pause')
    .description('End the pause. Does nothing if the account is not paused.')
    .action(
      onAccount(async ({ batches, config: { taskQueue } }) => {
        const pause = await batches.resumeAccount({ by: readUser() });
        context.info(pause === null ? `Task queue ${taskQueue} was not paused` : `Resumed task queue ${taskQueue}`);
        context.json({ ok: true, taskQueue, ended: pause });
      }),
    )
    .examples('temporal-llamacloud account resume');
  group
    .command('status')
    .summary('show who has paused the runs, and why')
    .description(
      'Show who has paused all runs of the task queue, since when, and why. A pause of one run: see progress.',
    )
    .action(
      onAccount(async ({ batches, config: { taskQueue } }) => {
        const pause = await batches.findAccountPause();
        context.info(`Task queue ${taskQueue}: ${pause === null ? 'not paused' : renderPause(pause)}`);
        context.json({ ok: true, taskQueue, pause });
      }),
    )
    .examples('temporal-llamacloud account status');
}

function renderPause({ by, since, reason }: Pause): string {
  const who = by === null ? '' : ` by ${toPrintable(by)}`;
  return `paused${who} since ${since}${reason === null ? '' : `: ${toPrintable(reason)}`}`;
}
