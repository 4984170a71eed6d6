/** The report of a run, for people. */
import { dirname, isAbsolute, relative } from 'node:path';
import type { BatchReport, DirectoriesReport, FileCounts, ManifestLine } from '../protocol/index.js';
import type { AnyReport } from './any-run.js';
import type { RunFailure } from './run-failure.js';
import { count, printable, shorten, size, table } from './text.js';

const SHOWN_FILES = 20;
const NAME_COLUMNS = 40;

/** `10 files: 9 completed, 1 failed. 21.3 kB written, 45 credits.` */
export function countsOf({ files, bytes, credits }: Pick<BatchReport, 'files' | 'bytes' | 'credits'>): string {
  const costs = [`${size(bytes)} written`, ...(credits === null ? [] : [count(credits, 'credit')])];
  return `${count(files.total, 'file')}: ${outcomesOf(files)}. ${costs.join(', ')}.`;
}

/** `9 completed, 1 failed`: every line that a command prints counts in this way, so that they agree with each other. */
export function outcomesOf(counts: FileCounts): string {
  return [`${counts.completed} completed`, ...unfinishedOf(counts)].join(', ');
}

/** `1 failed`, `2 cancelled`: the outcomes that are not `completed`, where there are any. */
export function unfinishedOf({ failed, cancelled, skipped }: FileCounts): string[] {
  return [
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(cancelled === 0 ? [] : [`${cancelled} cancelled`]),
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ];
}

/**
 * The files with their documents, or the reason why there is none. The failed ones come first where not all are shown.
 *
 * @param from The folder that the documents are shown relative to: whole paths would not fit beside the names.
 */
export function filesTable(lines: readonly ManifestLine[], from: string): string[] {
  if (lines.length === 0) return [];
  const all = lines.length <= SHOWN_FILES;
  const ordered = all ? lines : lines.toSorted((a, b) => Number(a.output !== null) - Number(b.output !== null));
  const rows = ordered
    .slice(0, SHOWN_FILES)
    .map((line) => [
      shorten(printable(line.name ?? line.fileId), NAME_COLUMNS),
      line.status,
      line.output === null ? printable(line.error?.message ?? '') : printable(shownPath(line.output, from)),
    ]);
  const rest = lines.length - rows.length;
  return [
    ...table([['FILE', 'OUTCOME', 'DOCUMENT, OR WHY THERE IS NONE'], ...rows]),
    ...(rest === 0 ? [] : [`  … and ${rest.toLocaleString('en')} more, see the manifest`]),
  ];
}

/** A run that is followed from elsewhere: the manifest may be out of reach, the report has its failures. */
export function reportLines(report: AnyReport): string[] {
  const { manifest } = report;
  const failures = 'directories' in report ? directoryRows(report) : fileRows(report);
  const rest = failures.length - SHOWN_FILES;
  return [
    'directories' in report ? headOf(report) : `Batch ${report.batchId} ${report.status}. ${countsOf(report)}`,
    ...table(failures.slice(0, SHOWN_FILES)),
    ...(rest <= 0 ? [] : [`  … and ${rest.toLocaleString('en')} more, see the manifest`]),
    ...(manifest === null ? [] : [`Manifest   ${printable(manifest)}`]),
  ];
}

function fileRows({ failures }: BatchReport): string[][] {
  return failures.map(({ name, fileId, message }) => [
    shorten(printable(name ?? fileId), NAME_COLUMNS),
    printable(message),
  ]);
}

/** Ids are not shortened: they are what the next run is given. */
function directoryRows({ failures }: DirectoriesReport): string[][] {
  return failures.map(({ directoryId, message }) => [printable(directoryId), printable(message)]);
}

/** `3 directories: 2 completed, 1 failed. 10 files: ...`. */
function headOf(report: DirectoriesReport): string {
  const { directories } = report;
  return `${count(directories.total, 'directory', 'directories')}: ${outcomesOf(directories)}. ${countsOf(report)}`;
}

/** Why the run failed: the sentence, and the fields of an input that was not valid. */
export function failureLines({ type, message, fields }: RunFailure): string[] {
  if (fields === undefined) return [`${type}: ${printable(message)}`];
  return [`${type}: the input is not valid`, ...fields.map((field) => `  - ${printable(field)}`)];
}

/** Documents that are elsewhere, or no files, keep their whole location. */
function shownPath(output: string, from: string): string {
  if (!isAbsolute(output)) return output;
  const inside = relative(from, output);
  return inside.startsWith('..') || isAbsolute(inside) ? output : inside;
}

/** The folder of a run's documents, which its manifest is in. */
export function documentsFolder(manifest: string): string {
  return dirname(manifest);
}
