import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { nonEmpty } from '../options/parsers.js';
import { findRuns, isMultiDirectory } from '../runs/list-runs.js';
import { attachToRun, readRunStatus } from '../runs/run-status.js';
import { waitForRun } from '../runs/wait-for-run.js';
import { watchRuns } from '../runs/watch-runs.js';
import { type TemporalClients, type TemporalFlags, withTemporal } from '../temporal.js';

/** More would fit into no terminal. */
const MAX_RUNS = 20;

const DESCRIPTION = `Watch a run until it ends: how far it is, how fast, how long it may still take, which files fail, and whether it is paused or stuck. Then print its report, and exit as start --wait does: with 1 if the run failed or one of its directories did not complete.

Without a workflow id, watch all runs that are open now, at most ${MAX_RUNS}, until each has ended, and exit with 1 if one of them failed. The runs of the directories of a run are part of it.

While Temporal can't be reached, it says so once and goes on. Ctrl-C ends the watching, not the runs. With --json, it prints one JSON object for each change, and one for the end of each run.`;

export function addWatch(program: CliCommand, context: CommandContext): void {
  program
    .command('watch')
    .summary('watch a run, or all that are open, until they end')
    .description(DESCRIPTION)
    .argument('[workflow-id]', 'workflow id that start or list has printed', nonEmpty)
    .action(async (workflowId: string | undefined, _flags: object, command: CliCommand) => {
      await withTemporal(context, command.optsWithGlobals<TemporalFlags>(), async (temporal) => {
        context.exitCode =
          workflowId === undefined ? await watchAll(context, temporal) : await watchOne(context, temporal, workflowId);
      });
    })
    .examples(
      'temporal-llamacloud watch llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC',
      'temporal-llamacloud watch',
      'temporal-llamacloud watch --json',
    );
}

async function watchOne(context: CommandContext, temporal: TemporalClients, workflowId: string): Promise<number> {
  const status = await readRunStatus(temporal, workflowId);
  return await waitForRun(context, temporal, attachToRun(temporal, workflowId, status), { isWatch: true });
}

async function watchAll(context: CommandContext, temporal: TemporalClients): Promise<number> {
  const { found, hasMore } = await findRuns(temporal, { running: true, limit: MAX_RUNS });
  if (found.length === 0) context.info(`There are no open runs in namespace ${temporal.config.namespace}`);
  if (hasMore)
    context.warn(
      `There are more open runs than ${MAX_RUNS}: give the workflow id of one. List them: ${context.renderCommand('list', '--running')}`,
    );
  // With the run id: a later run of the same workflow id is another one.
  const runs = found.map((info) =>
    attachToRun(temporal, info.workflowId, { isMultiDirectory: isMultiDirectory(info) }, info.runId),
  );
  return await watchRuns(context, temporal, runs);
}
