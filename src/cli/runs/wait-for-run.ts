import type { CommandContext } from '../command-context.js';
import { InterruptedError } from '../errors.js';
import type { TemporalClients } from '../temporal.js';
import { formatCount } from '../text.js';
import { followRun } from './follow-run.js';
import { createProgressView } from './progress-view.js';
import { queryProgress } from './query-progress.js';
import { renderReport, renderRunFailure } from './report.js';
import { isRunFailure, toRunFailure } from './run-failure.js';
import type { AnyReport, AnyRun } from './run-types.js';

const POLL_INTERVAL_MS = 500;

/**
 * Follows a run to its end and prints its report. A signal ends the waiting, not the run.
 *
 * @returns the exit code: 1 when the run failed or one of its directories did not complete
 * @throws InterruptedError
 */
export async function waitForRun(context: CommandContext, temporal: TemporalClients, run: AnyRun): Promise<number> {
  const { signals } = context;
  signals.listen();
  context.info(`Workflow   ${run.workflowId}`);
  try {
    const report = await followRun({
      client: temporal.client,
      run,
      signals,
      intervalMs: POLL_INTERVAL_MS,
      view: createProgressView(context),
    });
    return printReport(context, run, report);
  } catch (error) {
    if (error instanceof InterruptedError) {
      const follow = context.renderCommand('progress', run.workflowId, '--watch');
      const cancel = context.renderCommand('cancel', run.workflowId);
      context.warn(`The run goes on. Follow it: ${follow}. Cancel it: ${cancel}`);
    }
    if (!isRunFailure(error)) throw error;
    return await printFailure(context, run, error);
  }
}

function printReport(context: CommandContext, { workflowId, runId }: AnyRun, report: AnyReport): number {
  for (const line of renderReport(report)) context.info(line);
  const ok = !('directories' in report) || report.directories.completed === report.directories.total;
  if (!ok) context.warn(`error: ${renderIncomplete(report.directories)}`);
  context.json({ ok, workflowId, runId, report });
  return ok ? 0 : 1;
}

/** A run over many directories completes even if some of them do not. */
export function renderIncomplete({ completed, total }: { completed: number; total: number }): string {
  return `${total - completed} of ${formatCount(total, 'directory', 'directories')} did not complete`;
}

async function printFailure(context: CommandContext, run: AnyRun, error: Error): Promise<number> {
  const { workflowId, runId } = run;
  const { type, fields, report = await run.report(), ...failure } = toRunFailure(error);
  // Temporal keeps no message of a cancelled workflow. The progress has one, such as the jobs that could not be cancelled.
  const progress = type === 'Cancelled' ? await queryProgress(run).catch(() => null) : null;
  const message = progress?.failure?.message ?? failure.message;
  const summary = { type, message, ...(fields === undefined ? {} : { fields }) };
  const [first = '', ...rest] = renderRunFailure(summary);
  for (const line of [`error: ${first}`, ...rest]) context.warn(line);
  if (report !== undefined) for (const line of renderReport(report)) context.info(line);
  context.json({ ok: false, workflowId, runId, error: summary, ...(report === undefined ? {} : { report }) });
  return 1;
}
