/** Renders the report of a run for people. */
import { dirname, isAbsolute, relative } from 'node:path';
import {
  type BatchReport,
  type CorpusReport,
  type DirectoriesReport,
  type FileCounts,
  type ManifestLine,
  settledCount,
} from '../../protocol/index.js';
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatRange,
  renderTable,
  toPrintable,
  truncateMiddle,
} from '../text.js';
import { findTemporalEnding, type RunFailure } from './run-failure.js';
import type { AnyReport } from './run-types.js';

const MAX_ROWS = 20;
const MAX_NAME_COLUMNS = 40;

/** The counts, the failed files or directories with their reasons, and where the documents are. */
export function renderReport(report: AnyReport): string[] {
  if ('unchanged' in report) return renderCorpusReport(report);
  return 'directories' in report ? renderDirectoriesReport(report) : renderBatchReport(report);
}

function renderCorpusReport(report: CorpusReport): string[] {
  const { manifest, files, failures } = report;
  const folder = manifest === null ? null : dirname(manifest);
  const named = failures.map(({ path, message }) => [renderName(path), toPrintable(message)]);
  return [
    renderCorpusCounts(report),
    ...renderBudget(report),
    ...renderFailures(named, files, manifest),
    ...renderTable(renderLocations(folder, manifest), ''),
  ];
}

/** `10 processed, 2,985 unchanged, 5 failed, 5 gone. 21.3 kB written, 45 credits.` */
export function renderCorpusCounts({ files, unchanged, gone, bytes, credits }: CorpusReport): string {
  const count = (number: number, what: string) => `${number.toLocaleString('en')} ${what}`;
  const { completed, failed, cancelled, skipped } = files;
  const counts = [
    count(completed, 'processed'),
    count(unchanged, 'unchanged'),
    count(failed, 'failed'),
    ...(cancelled === 0 ? [] : [count(cancelled, 'cancelled')]),
    ...(skipped === 0 ? [] : [count(skipped, 'skipped')]),
    count(gone, 'gone'),
  ];
  const amounts = [`${formatBytes(bytes)} written`, formatCount(credits ?? 0, 'credit')];
  return `${counts.join(', ')}. ${amounts.join(', ')}.`;
}

/** `Estimated 30 to 45 credits, billed 36. 48 of 50 credits are spent, 12 files are left.` */
function renderBudget({ budget, credits }: CorpusReport): string[] {
  if (budget === undefined) return [];
  const { estimate, unbilled, maxCredits, spent, filesLeft } = budget;
  const billed = formatAmount(credits ?? 0);
  const pending = unbilled === 0 ? '' : ` (not yet for ${formatCount(unbilled, 'file')})`;
  return [
    `Estimated ${formatRange(estimate.credits)} credits, billed ${billed}${pending}.`,
    `${formatAmount(spent)} of ${formatAmount(maxCredits)} credits are spent, ${formatCount(filesLeft, 'file')} left.`,
  ];
}

function renderBatchReport(report: BatchReport): string[] {
  const { batchId, status, manifest, files, redrivenJobs = 0 } = report;
  const folder = manifest === null ? null : batchFolder(report, manifest);
  return [
    renderFileCounts(report),
    ...(redrivenJobs === 0 ? [] : [`${formatCount(redrivenJobs, 'failed job')} redriven.`]),
    ...renderFailures(renderFileFailures(report), files, manifest),
    ...renderTable([['Batch', `${batchId} ${toPrintable(status)}`], ...renderLocations(folder, manifest)], ''),
  ];
}

function renderDirectoriesReport(report: DirectoriesReport): string[] {
  const { manifest, directories } = report;
  // The combined manifest has its own folder in the output folder, beside the folders of the batches.
  const folder = manifest === null ? null : `${dirname(dirname(manifest))}, one folder for each batch`;
  return [
    renderDirectoryCounts(report),
    ...renderFailures(renderDirectoryFailures(report), directories, manifest),
    ...renderTable(renderLocations(folder, manifest), ''),
  ];
}

/** The report names the first failures only. */
function renderFailures(
  named: readonly string[][],
  { failed, cancelled }: FileCounts,
  manifest: string | null,
): string[] {
  const shown = named.slice(0, MAX_ROWS);
  return [...renderTable(shown), ...renderMore(failed + cancelled - shown.length, manifest)];
}

function renderLocations(folder: string | null, manifest: string | null): string[][] {
  if (folder === null || manifest === null) return [];
  return [
    ['Documents', toPrintable(folder)],
    ['Manifest', toPrintable(manifest)],
  ];
}

/** `10 files: 9 completed, 1 failed. 21.3 kB written, 45 credits.` */
export function renderFileCounts({ files, bytes, credits }: Pick<BatchReport, 'files' | 'bytes' | 'credits'>): string {
  const amounts = [`${formatBytes(bytes)} written`, ...(credits === null ? [] : [formatCount(credits, 'credit')])];
  return `${formatCount(files.total, 'file')}: ${renderOutcomes(files)}. ${amounts.join(', ')}.`;
}

/** `3 directories: 2 completed, 1 failed. 10 files: ...` */
function renderDirectoryCounts(report: DirectoriesReport): string {
  const { directories } = report;
  const count = formatCount(directories.total, 'directory', 'directories');
  return `${count}: ${renderOutcomes(directories)}. ${renderFileCounts(report)}`;
}

/** `10 of 12 files: 9 completed, 1 failed` */
export function renderSettledOutcomes(counts: FileCounts, noun: string, plural = `${noun}s`): string {
  return `${settledCount(counts)} of ${formatCount(counts.total, noun, plural)}: ${renderOutcomes(counts)}`;
}

/** `9 completed, 1 failed`. Every line counts with this function, so that the lines agree with each other. */
export function renderOutcomes(counts: FileCounts): string {
  return [`${counts.completed} completed`, ...renderUnsuccessful(counts)].join(', ');
}

/** `1 failed`, `2 cancelled`. Outcomes that did not occur are left out. */
export function renderUnsuccessful({ failed, cancelled, skipped }: FileCounts): string[] {
  return [
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(cancelled === 0 ? [] : [`${cancelled} cancelled`]),
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ];
}

/**
 * One row for each file: its name, its outcome, and its document or why there is none. If there are too many files to show, the
 * failed ones come first.
 *
 * @param folder Documents in this folder are shown relative to it.
 */
export function renderFileTable(lines: readonly ManifestLine[], folder: string): string[] {
  if (lines.length === 0) return [];
  const ordered =
    lines.length <= MAX_ROWS ? lines : lines.toSorted((a, b) => Number(a.output !== null) - Number(b.output !== null));
  const rows = ordered
    .slice(0, MAX_ROWS)
    .map(({ name, fileId, status, output, error }) => [
      renderName(name ?? fileId),
      status,
      toPrintable(output === null ? (error?.message ?? '') : renderLocation(output, folder)),
    ]);
  return [
    ...renderTable([['FILE', 'OUTCOME', 'DOCUMENT, OR WHY THERE IS NONE'], ...rows]),
    ...renderMore(lines.length - rows.length, folder),
  ];
}

/** How a run ended that did not complete: `the run failed. NotFound: ...`, or `the run was cancelled before ...`. */
export function renderRunFailure(failure: RunFailure): string[] {
  const ending = findTemporalEnding(failure.type);
  if (ending === undefined) {
    const [first = '', ...rest] = renderFailure(failure);
    return [`the run failed. ${first}`, ...rest];
  }
  const message = toPrintable(failure.message);
  return [message.startsWith(ending) ? message : `${ending}. ${message}`];
}

/** Why a run failed. For an `InvalidInput`, one line for each wrong field. */
export function renderFailure({ type, message, fields }: RunFailure): string[] {
  if (fields === undefined) return [`${type}: ${toPrintable(message)}`];
  return [`${type}: the input is not valid`, ...fields.map((field) => `  - ${toPrintable(field)}`)];
}

/** The folder of a batch. The manifest is in it, or in a folder for each run below it. */
export function batchFolder({ batchId }: Pick<BatchReport, 'batchId'>, manifest: string): string {
  const name = `/${batchId}/`;
  const index = manifest.lastIndexOf(name);
  return index === -1 ? dirname(manifest) : manifest.slice(0, index + name.length - 1);
}

function renderMore(count: number, manifest: string | null): string[] {
  const where = manifest === null ? '' : ', see the manifest';
  return count <= 0 ? [] : [`  … and ${count.toLocaleString('en')} more${where}`];
}

function renderFileFailures({ failures }: BatchReport): string[][] {
  return failures.map(({ name, fileId, message }) => [renderName(name ?? fileId), toPrintable(message)]);
}

/** Ids are not truncated, so that they can be given to the next run. */
function renderDirectoryFailures({ failures }: DirectoriesReport): string[][] {
  return failures.map(({ directoryId, message }) => [toPrintable(directoryId), toPrintable(message)]);
}

function renderName(name: string): string {
  return truncateMiddle(toPrintable(name), MAX_NAME_COLUMNS);
}

/** A location outside of the folder, or in a store without files, is shown in full. */
function renderLocation(location: string, folder: string): string {
  if (location.startsWith(`${folder}/`)) return location.slice(folder.length + 1);
  if (!isAbsolute(location)) return location;
  const path = relative(folder, location);
  return path.startsWith('..') || isAbsolute(path) ? location : path;
}
