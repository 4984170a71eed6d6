import type { WithBlockedBy } from '../../client/index.js';
import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { nonEmpty } from '../options/parsers.js';
import { fromReport, toEndedProgress } from '../runs/ended-progress.js';
import { renderProgress } from '../runs/progress-details.js';
import { isNoAnswer, queryProgress } from '../runs/query-progress.js';
import { isRunFailure, type RunFailure, toRunFailure } from '../runs/run-failure.js';
import { attachToRun, type RunStatus, readRunStatus } from '../runs/run-status.js';
import type { AnyProgress, AnyReport, AnyRun } from '../runs/run-types.js';
import { waitForRun } from '../runs/wait-for-run.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';

interface ProgressFlags extends TemporalFlags {
  readonly watch?: boolean;
}

const DESCRIPTION = `Show the progress of a run. While the run is open, a worker has to be running to answer.

With --watch, shows the progress until the run ends, then the report, and exits with 1 if the run failed or one of its directories did not complete. With --watch --json, the JSON document is the report, and the progress goes to stderr.`;

export function addProgress(program: CliCommand, context: CommandContext): void {
  program
    .command('progress')
    .summary('show the progress of a run')
    .description(DESCRIPTION)
    .argument('<workflow-id>', 'workflow id that start has printed', nonEmpty)
    .option('--watch', 'show the progress until the run ends')
    .action(async (workflowId: string, _flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<ProgressFlags>();
      await withTemporal(context, flags, async (temporal) => {
        const status = await readRunStatus(temporal, workflowId);
        const run = attachToRun(temporal, workflowId, status);
        if (flags.watch) context.exitCode = await waitForRun(context, temporal, run);
        else await printProgress(context, run, status);
      });
    })
    .examples(
      'temporal-llamacloud progress llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC',
      'temporal-llamacloud progress llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC --watch',
    );
}

async function printProgress(
  context: CommandContext,
  run: AnyRun,
  { runId, status, isOpen }: RunStatus,
): Promise<void> {
  const end = isOpen ? undefined : await readEnd(run);
  const { blockedBy, accountPause, ...progress } = await readProgress(run, status, end);
  // The progress of a cancelled run says more than Temporal's own failure.
  const failure = end?.failure && {
    type: end.failure.type,
    message: progress.failure?.message ?? end.failure.message,
  };
  for (const line of renderProgress({ status, progress, blockedBy, failure })) context.info(line);
  context.json({
    ok: true,
    workflowId: run.workflowId,
    runId,
    status,
    progress,
    blockedBy,
    accountPause,
    ...(failure === undefined ? {} : { error: failure }),
  });
}

/**
 * Without an answer, the progress of a run that has ended is read from its report.
 *
 * @param end `undefined` while the run is open.
 * @throws what {@link queryProgress} throws
 */
async function readProgress(run: AnyRun, status: string, end: RunEnd | undefined): Promise<WithBlockedBy<AnyProgress>> {
  try {
    const progress = await queryProgress(run);
    return end === undefined ? progress : { ...toEndedProgress(progress, status), ...NOT_BLOCKED };
  } catch (error) {
    if (end?.report === undefined || !isNoAnswer(error)) throw error;
    return { ...fromReport(end.report, status), ...NOT_BLOCKED };
  }
}

/** A run that has ended waits for nothing. */
const NOT_BLOCKED = { blockedBy: null, accountPause: null };

/** How a run has ended. */
interface RunEnd {
  readonly report?: AnyReport;
  readonly failure?: RunFailure;
}

async function readEnd(run: AnyRun): Promise<RunEnd> {
  try {
    return { report: await run.result() };
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    const failure = toRunFailure(error);
    const report = failure.report ?? (await run.report());
    return { failure, ...(report === undefined ? {} : { report }) };
  }
}
