import { setMaxListeners } from 'node:events';
import type { CommandContext } from '../command-context.js';
import { InterruptedError } from '../errors.js';
import type { TemporalClients } from '../temporal.js';
import { toPrintable } from '../text.js';
import { toCliError } from '../to-cli-error.js';
import { followRun } from './follow-run.js';
import { createWatchViews, type ProgressView } from './progress-view.js';
import { renderReport, renderRunFailure } from './report.js';
import { isRunFailure } from './run-failure.js';
import type { AnyReport, AnyRun } from './run-types.js';
import { TemporalOutage } from './temporal-outage.js';
import { findProblem, readFailure } from './wait-for-run.js';

/** Each run costs two requests to Temporal and a query to a worker. */
const POLL_INTERVAL_MS = 2_000;

/**
 * Follows runs to their ends, and prints a line when one has ended. A signal ends the watching, not the runs.
 *
 * @returns the exit code: 1 when one of them failed or did not complete all of its directories
 * @throws InterruptedError
 */
export async function watchRuns(
  context: CommandContext,
  { client }: TemporalClients,
  runs: readonly AnyRun[],
): Promise<number> {
  const { signals, temporalTarget } = context;
  signals.listen();
  // One for each run. Node warns above 10.
  setMaxListeners(0, signals.abortSignal);
  const views = createWatchViews(context);
  const outage = new TemporalOutage(temporalTarget, (line) => views.note(line));
  const watchOne = async (run: AnyRun): Promise<boolean> => {
    const view = views.of(run);
    const options = { client, run, signals, intervalMs: POLL_INTERVAL_MS, view, outage, showsFailures: true };
    try {
      return noteReport(context, view, run, await followRun(options));
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      if (isRunFailure(error)) return await noteFailure(context, view, run, error);
      const { type, message } = toCliError(error, temporalTarget);
      view.note(`error: ${message}`);
      context.json({ ok: false, workflowId: run.workflowId, runId: run.runId, error: { type, message } });
      return false;
    }
  };
  const outcomes = await Promise.allSettled(runs.map(watchOne));
  views.end();
  const thrown = outcomes.find((outcome) => outcome.status === 'rejected');
  if (thrown?.reason instanceof InterruptedError) context.warn('The runs go on.');
  if (thrown !== undefined) throw thrown.reason;
  return outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value) ? 0 : 1;
}

function noteReport(context: CommandContext, view: ProgressView, run: AnyRun, report: AnyReport): boolean {
  const { workflowId, runId } = run;
  const [counts = ''] = renderReport(report);
  const problem = findProblem(report);
  view.note(problem === undefined ? `Completed. ${counts}` : `error: ${problem}. ${counts}`);
  context.json({ ok: problem === undefined, workflowId, runId, report });
  return problem === undefined;
}

async function noteFailure(context: CommandContext, view: ProgressView, run: AnyRun, error: Error): Promise<false> {
  const { workflowId, runId } = run;
  const { summary, report } = await readFailure(run, error);
  view.note(`error: ${toPrintable(renderRunFailure(summary).join(' '))}`);
  context.json({ ok: false, workflowId, runId, error: summary, ...(report === undefined ? {} : { report }) });
  return false;
}
