import type { RunProgress } from '../../client/index.js';
import { type FileCounts, settledCount } from '../../protocol/index.js';
import type { AnyProgress, AnyRun } from '../any-run.js';
import type { CliCommand } from '../command.js';
import { askProgress } from '../follow.js';
import { sentenceOf } from '../progress-view.js';
import { outcomesOf } from '../report.js';
import { describeFailure, isRunFailure, type RunFailure } from '../run-failure.js';
import { attachTo, type RunStatus, statusOfRun } from '../run-status.js';
import type { Session } from '../session.js';
import type { Shell } from '../shell.js';
import { type TemporalFlags, withTemporal } from '../temporal.js';
import { count, printable, table } from '../text.js';
import { nonEmpty } from '../values.js';
import { waitForEnd } from '../wait.js';

interface ProgressFlags extends TemporalFlags {
  readonly watch?: boolean;
}

const DESCRIPTION = `Show how far a batch run is. A worker has to be there to answer.

With --watch, until the run ends; then the report, and exit 1 when the run failed or one of its directories did not complete. With --watch --json the one document is that of the end, the progress is on stderr.`;

export function addProgress(program: CliCommand, { session, outcome }: Shell): void {
  program
    .command('progress')
    .summary('show how far a batch run is')
    .description(DESCRIPTION)
    .argument('<workflow-id>', 'the id that start has printed', nonEmpty)
    .option('--watch', 'until it ends')
    .action(async (workflowId: string, _flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<ProgressFlags>();
      await withTemporal(session, flags, async (temporal) => {
        const status = await statusOfRun(temporal, workflowId);
        const run = attachTo(temporal, workflowId, status);
        if (flags.watch) {
          outcome.exitCode = await waitForEnd(session, temporal, run);
          return;
        }
        const progress = await askProgress(run);
        tell(session, workflowId, status, progress, status.status === 'RUNNING' ? undefined : await endOf(run));
      });
    })
    .examples(
      'temporal-llamacloud progress llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC',
      'temporal-llamacloud progress llamacloud/dir-.../parse_v2/cfg-PARSE_AGENTIC --watch',
    );
}

/** Why a run that has ended did not end well. */
async function endOf(run: AnyRun): Promise<RunFailure | undefined> {
  try {
    await run.result();
    return undefined;
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    return describeFailure(error);
  }
}

function tell(
  session: Session,
  workflowId: string,
  { runId, status }: RunStatus,
  { blockedBy, ...progress }: RunProgress<AnyProgress>,
  failure: RunFailure | undefined,
): void {
  const { startedAt, manifest } = progress;
  session.say(sentenceOf(progress));
  const rows = [
    ['Run', `${status}, since ${startedAt}`],
    ...(failure === undefined
      ? []
      : [['Reason', `${failure.type}: ${printable(progress.failure?.message ?? failure.message)}`]]),
    ...(blockedBy === null ? [] : [['Blocked by', printable(blockedBy)]]),
    ...countRows(progress),
    ...(manifest === null ? [] : [['Manifest', printable(manifest)]]),
    ...failedNames(progress).map(([name, message]) => ['Failed', `${printable(name)}: ${printable(message)}`]),
  ];
  for (const line of table(rows)) session.say(line);
  session.answer({
    ok: true,
    workflowId,
    runId,
    status,
    progress,
    blockedBy,
    ...(failure === undefined ? {} : { error: { type: failure.type, message: failure.message } }),
  });
}

function countRows(progress: AnyProgress): string[][] {
  const { files, running } = progress;
  if ('directories' in progress) {
    const { directories } = progress;
    const ended = files.total === 0 ? 'none yet' : settledOf(files, count(files.total, 'file'));
    return [
      [
        'Directories',
        `${settledOf(directories, count(directories.total, 'directory', 'directories'))}, ${running} running`,
      ],
      ['Files', ended],
    ];
  }
  const { batchId, batchStatus } = progress;
  return [
    ['Batch', batchId === null ? 'not created yet' : `${batchId} ${batchStatus ?? ''}`],
    [
      'Files',
      files.total === 0 ? 'not known yet' : `${settledOf(files, count(files.total, 'file'))}, ${running} running`,
    ],
  ];
}

function settledOf(counts: FileCounts, all: string): string {
  return `${settledCount(counts)} of ${all}: ${outcomesOf(counts)}`;
}

/** What failed, and why. */
function failedNames(progress: AnyProgress): [string, string][] {
  if ('directories' in progress) return progress.lastFailures.map(({ directoryId, message }) => [directoryId, message]);
  return progress.lastFailures.map(({ name, fileId, message }) => [name ?? fileId, message]);
}
