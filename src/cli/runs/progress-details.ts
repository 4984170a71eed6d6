/** The progress of a run in several lines, as the `progress` command prints it. */
import { type CorpusProgress, type FailureSummary, isTerminal, type Pause, type Stuck } from '../../protocol/index.js';
import { formatAmount, formatCount, renderTable, toPrintable } from '../text.js';
import { isEndPhase } from './ended-progress.js';
import { renderProgressLine } from './progress-line.js';
import { renderSettledOutcomes } from './report.js';
import type { AnyProgress } from './run-types.js';

export interface ProgressDetails {
  /** Temporal's status of the workflow. */
  readonly status: string;
  readonly progress: AnyProgress;
  readonly blockedBy: string | null;
  /** Why the run failed. */
  readonly failure: FailureSummary | undefined;
}

export function renderProgress({ status, progress, blockedBy, failure }: ProgressDetails): string[] {
  const { startedAt, manifest, pause, stuck } = progress;
  return [
    renderProgressLine(progress),
    ...renderTable([
      ['Run', startedAt === '' ? status : `${status}, started ${startedAt}`],
      ...(failure === undefined ? [] : [['Reason', `${failure.type}: ${toPrintable(failure.message)}`]]),
      // A worker of 0.1.0 says neither of the two.
      ...(pause == null ? [] : [['Paused', renderPause(pause)]]),
      ...(stuck == null ? [] : [['Stuck', renderStuck(stuck)]]),
      ...(blockedBy === null ? [] : [['Blocked by', toPrintable(blockedBy)]]),
      ...renderRows(progress),
      ...(manifest === null ? [] : [['Manifest', toPrintable(manifest)]]),
      ...readLastFailures(progress).map(([name, message]) => [
        'Failed',
        `${toPrintable(name)}: ${toPrintable(message)}`,
      ]),
    ]),
  ];
}

function renderPause({ by, since, reason }: Pause): string {
  const who = by === null ? '' : ` by ${toPrintable(by)}`;
  return `since ${since}${who}${reason === null ? '' : `: ${toPrintable(reason)}`}`;
}

export function renderStuck({ since, advice }: Stuck): string {
  return toPrintable(`nothing has changed since ${since}. ${advice}`);
}

function renderRows(progress: AnyProgress): string[][] {
  const { phase, files, running } = progress;
  const ended = isEndPhase(phase);
  const open = (what: string) => (ended ? '' : `. ${running} ${what}`);
  if ('unchanged' in progress) {
    const { unchanged, gone, isListed } = progress;
    return [
      ['Source', progress.source === null ? 'not known yet' : toPrintable(progress.source)],
      ['Unchanged', `${unchanged.toLocaleString('en')}${isListed ? '' : ' so far'}`],
      [
        'Changed',
        files.total === 0 ? 'none' : `${renderSettledOutcomes(files, 'file')}${open('parts being processed')}`,
      ],
      ['Gone', gone.toLocaleString('en')],
      ...renderBudget(progress),
    ];
  }
  if ('directories' in progress) {
    const { directories } = progress;
    return [
      ['Directories', `${renderSettledOutcomes(directories, 'directory', 'directories')}${open('being processed')}`],
      ['Files', files.total === 0 ? 'none yet' : renderSettledOutcomes(files, 'file')],
    ];
  }
  const { batchId, batchStatus, directoryFileCount, jobsEnded, redrivenJobs, redriving = [] } = progress;
  const unknown =
    directoryFileCount === null ? 'not known yet' : `${directoryFileCount.toLocaleString('en')} in the directory`;
  return [
    ['Batch', batchId ?? (ended ? 'none' : 'not created yet')],
    ...(batchStatus === null ? [] : [['Status', renderBatchStatus(batchStatus, ended)]]),
    [
      'Files',
      files.total === 0
        ? ended
          ? 'none'
          : unknown
        : `${renderSettledOutcomes(files, 'file')}${open('being collected')}`,
    ],
    ...(redrivenJobs === undefined ? [] : [['Redriven', formatCount(redrivenJobs, 'job')]]),
    ...redriving.map(({ fileId, name = fileId, failedJobId, jobId }) => [
      'Redriving',
      toPrintable(`${name}: ${jobId === null ? 'a new job' : `job ${jobId}`} in place of ${failedJobId}`),
    ]),
    ...(phase === 'processing' ? [['Jobs', `${jobsEnded} of ${files.total} ended in LlamaCloud`]] : []),
  ];
}

function renderBudget({ budget }: CorpusProgress): string[][] {
  if (budget === undefined) return [];
  const { maxCredits, spent, filesLeft } = budget;
  const left = filesLeft === 0 ? '' : `. ${formatCount(filesLeft, 'file')} left`;
  return [['Credits', `${formatAmount(spent)} of ${formatAmount(maxCredits)} spent or reserved${left}`]];
}

/** A run that has ended does not poll its batch any longer. */
function renderBatchStatus(batchStatus: string, ended: boolean): string {
  const isLastSeen = ended && !isTerminal(batchStatus);
  return `${toPrintable(batchStatus)}${isLastSeen ? ' when the run ended' : ''}`;
}

/** Name and reason of each. */
export function readLastFailures(progress: AnyProgress): [string, string][] {
  if ('unchanged' in progress) return progress.lastFailures.map(({ path, message }) => [path, message]);
  if ('directories' in progress) return progress.lastFailures.map(({ directoryId, message }) => [directoryId, message]);
  return progress.lastFailures.map(({ name, fileId, message }) => [name ?? fileId, message]);
}
