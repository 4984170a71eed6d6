import type { AnyReport, AnyRun } from './any-run.js';
import { Interrupted } from './errors.js';
import { askProgress, follow } from './follow.js';
import { progressView } from './progress-view.js';
import { failureLines, reportLines } from './report.js';
import { describeFailure, isRunFailure } from './run-failure.js';
import type { Session } from './session.js';
import type { TemporalAccess } from './temporal.js';
import { quoted } from './text.js';

const LOOK_EVERY_MS = 500;

/** A run over many directories goes on after one that fails, and completes: whoever waits for all of them has to know. */
function isComplete(report: AnyReport): boolean {
  return !('directories' in report) || report.directories.completed === report.directories.total;
}

/**
 * Follows a run to its end and tells how it ended. Returns the exit code.
 *
 * @throws Interrupted; the run goes on
 */
export async function waitForEnd(session: Session, temporal: TemporalAccess, run: AnyRun): Promise<number> {
  const { interrupt } = session;
  const { workflowId, runId } = run;
  interrupt.listen();
  session.say(`Workflow ${workflowId}`);
  try {
    const report = await follow({
      client: temporal.client,
      run,
      interrupt,
      everyMs: LOOK_EVERY_MS,
      view: progressView(session),
    });
    for (const line of reportLines(report)) session.say(line);
    const ok = isComplete(report);
    session.answer({ ok, workflowId, runId, report });
    return ok ? 0 : 1;
  } catch (error) {
    if (error instanceof Interrupted) {
      const id = quoted(workflowId);
      session.warn(
        `The run goes on. Follow it: temporal-llamacloud progress ${id} --watch. Stop it: temporal-llamacloud cancel ${id}`,
      );
    }
    if (!isRunFailure(error)) throw error;
    const { type, fields, report = await run.report(), ...failure } = describeFailure(error);
    // Temporal keeps no message of a run that was cancelled: only the run itself can say what it could not stop.
    const ended = type === 'Cancelled' ? await askProgress(run).catch(() => null) : null;
    const message = ended?.failure?.message ?? failure.message;
    const [first = '', ...rest] = failureLines({ type, message, ...(fields === undefined ? {} : { fields }) });
    for (const line of [`error: the run failed. ${first}`, ...rest]) session.warn(line);
    if (report !== undefined) for (const line of reportLines(report)) session.say(line);
    session.answer({
      ok: false,
      workflowId,
      runId,
      error: { type, message, ...(fields === undefined ? {} : { fields }) },
      ...(report === undefined ? {} : { report }),
    });
    return 1;
  }
}
