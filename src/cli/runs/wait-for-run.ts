import type { FailureType } from '../../protocol/index.js';
import type { CommandContext } from '../command-context.js';
import { InterruptedError } from '../errors.js';
import type { TemporalClients } from '../temporal.js';
import { formatCount } from '../text.js';
import { followRun } from './follow-run.js';
import { createProgressView, createWatchView } from './progress-view.js';
import { queryProgress } from './query-progress.js';
import { renderReport, renderRunFailure } from './report.js';
import { isRunFailure, type RunFailure, toRunFailure } from './run-failure.js';
import type { AnyReport, AnyRun } from './run-types.js';
import { TemporalOutage } from './temporal-outage.js';

const POLL_INTERVAL_MS = 500;

/** Exit code of a command whose run has left files, because they might have passed its `maxCredits`. */
export const BUDGET_EXIT_CODE = 3;

interface WaitOptions {
  /** Print failures as they are seen and, with `--json`, an object for each change. Default false. */
  readonly isWatch?: boolean;
}

/**
 * Follows a run to its end and prints its report. A signal ends the waiting, not the run.
 *
 * @returns the exit code: 1 when the run failed or one of its directories did not complete, 3 when it has left files because of `maxCredits`
 * @throws InterruptedError
 */
export async function waitForRun(
  context: CommandContext,
  temporal: TemporalClients,
  run: AnyRun,
  { isWatch = false }: WaitOptions = {},
): Promise<number> {
  const { signals } = context;
  signals.listen();
  context.info(`Workflow   ${run.workflowId}`);
  const view = isWatch ? createWatchView(context, run) : createProgressView(context);
  try {
    const report = await followRun({
      client: temporal.client,
      run,
      signals,
      intervalMs: POLL_INTERVAL_MS,
      view,
      outage: new TemporalOutage(context.temporalTarget, (line) => view.note(line)),
      showsFailures: isWatch,
    });
    return printReport(context, run, report);
  } catch (error) {
    if (error instanceof InterruptedError) {
      const follow = context.renderCommand('watch', run.workflowId);
      const cancel = context.renderCommand('cancel', run.workflowId);
      context.warn(`The run goes on. Follow it: ${follow}. Cancel it: ${cancel}`);
    }
    if (!isRunFailure(error)) throw error;
    return await printFailure(context, run, error);
  }
}

function printReport(context: CommandContext, { workflowId, runId }: AnyRun, report: AnyReport): number {
  for (const line of renderReport(report)) context.info(line);
  const problem = findProblem(report);
  if (problem !== undefined) context.warn(`error: ${problem}`);
  const ok = problem === undefined;
  context.json({ ok, workflowId, runId, report });
  return ok ? 0 : 1;
}

/** Why a run that completed is no success; `undefined` if it is one. */
export function findProblem(report: AnyReport): string | undefined {
  const isSuccess = !('directories' in report) || report.directories.completed === report.directories.total;
  return isSuccess ? undefined : renderIncomplete(report.directories);
}

/** A run over many directories completes even if some of them do not. */
function renderIncomplete({ completed, total }: { completed: number; total: number }): string {
  return `${total - completed} of ${formatCount(total, 'directory', 'directories')} did not complete`;
}

/** Why a run failed, and what it had finished. @param error What `RunHandle.result()` threw. */
export async function readFailure(run: AnyRun, error: Error): Promise<{ summary: RunFailure; report?: AnyReport }> {
  const { type, fields, report = await run.report(), ...failure } = toRunFailure(error);
  // Temporal keeps no message of a cancelled workflow. The progress has one, such as the jobs that could not be cancelled.
  const progress = type === 'Cancelled' ? await queryProgress(run).catch(() => null) : null;
  const message = progress?.failure?.message ?? failure.message;
  const summary = { type, message, ...(fields === undefined ? {} : { fields }) };
  return { summary, ...(report === undefined ? {} : { report }) };
}

async function printFailure(context: CommandContext, run: AnyRun, error: Error): Promise<number> {
  const { workflowId, runId } = run;
  const { summary, report } = await readFailure(run, error);
  const [first = '', ...rest] = renderRunFailure(summary);
  for (const line of [`error: ${first}`, ...rest]) context.warn(line);
  if (report !== undefined) for (const line of renderReport(report)) context.info(line);
  context.json({ ok: false, workflowId, runId, error: summary, ...(report === undefined ? {} : { report }) });
  const budgetReached: FailureType = 'BudgetReached';
  return summary.type === budgetReached ? BUDGET_EXIT_CODE : 1;
}
