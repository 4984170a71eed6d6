import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { duration, integer } from '../options/parsers.js';
import { describeRuns, findRuns, type ListedRun, type RunFilter } from '../runs/list-runs.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';
import { renderTable, toPrintable } from '../text.js';

interface ListFlags extends RunFilter, TemporalFlags {}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

/** What stands for a value that is not known. */
const MISSING = '-';

const DESCRIPTION = `List the runs in the namespace, those that are open first, then those that ended last. A change takes about a second to show.

The state is RUNNING, PAUSED, STUCK (nothing has changed for longer than --stuck-after of the run), COMPLETED, FAILED, CANCELLED, TERMINATED or TIMED_OUT. PAUSED and STUCK need the search attributes (temporal-llamacloud setup), and their reason a worker that answers. The files of a run that is RUNNING are shown by progress and watch.

--running, --failed, --paused and --stuck are alternatives: with two of them, runs of either are listed. A run that has continued as new, such as one over more than 500 directories, shows the start of its last part.`;

export function addList(program: CliCommand, context: CommandContext): void {
  program
    .command('list')
    .summary('list the runs')
    .description(DESCRIPTION)
    .option('--running', 'only runs that are open, also those that are paused or stuck')
    .option('--failed', 'only runs that failed, timed out or were terminated')
    .option('--paused', 'only runs that are paused')
    .option('--stuck', 'only runs that are stuck')
    .option('--since <duration>', 'only runs that started within this time, such as 24h', duration(1))
    .option('--children', 'also runs that another workflow has started, such as those of each directory')
    .option('--limit <n>', `at most this many runs, 1 to ${MAX_LIMIT}`, integer(1, MAX_LIMIT), DEFAULT_LIMIT)
    .action(async (_flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<ListFlags>();
      await withTemporal(context, flags, async (temporal) => {
        const { found, hasMore } = await findRuns(temporal, flags);
        const runs = await describeRuns(temporal, found);
        const none = `There are no such runs in namespace ${temporal.config.namespace}`;
        for (const line of runs.length === 0 ? [none] : renderRuns(runs)) context.info(line);
        if (hasMore) context.info(`There are more runs: give a --limit above ${flags.limit}`);
        context.json({ ok: true, runs, hasMore });
      });
    })
    .examples('temporal-llamacloud list', 'temporal-llamacloud list --failed --stuck --since 24h --json');
}

function renderRuns(runs: readonly ListedRun[]): string[] {
  const rows = runs.map(({ workflowId, kind, state, startedAt, batchId, files, reason }) => [
    toPrintable(workflowId),
    kind,
    state,
    startedAt,
    batchId === null ? MISSING : toPrintable(batchId),
    files === null ? MISSING : `${files.completed} of ${files.total}`,
    reason === null ? '' : toPrintable(`${reason.type}: ${reason.message}`),
  ]);
  return renderTable([['WORKFLOW', 'KIND', 'STATE', 'STARTED', 'BATCH', 'FILES', 'REASON'], ...rows], '');
}
