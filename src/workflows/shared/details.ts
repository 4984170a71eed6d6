/** The Markdown that the Temporal UI shows of a run. */
import { type BatchJob, cleanText, type FailureSummary, type FileCounts } from '../../protocol/index.js';

export type DetailsRow = readonly [string, string | number | null | undefined];

export interface Details {
  heading: string;
  /** A sentence under the heading. */
  note?: string | null;
  /** Why the run failed or was cancelled. */
  failure: FailureSummary | null;
  /** Name and value. Rows without a value are left out. */
  rows: readonly DetailsRow[];
  failures: readonly FailedItem[];
}

/** A file or a directory that failed. */
interface FailedItem extends FailureSummary {
  name: string;
}

export function renderDetails({ heading, note = null, failure, rows, failures }: Details): string {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined);
  return [
    `### ${heading}`,
    note,
    failure === null ? null : `${code(failure.type)} ${code(failure.message)}`,
    [
      '| | |',
      '| --- | --- |',
      ...shown.map(([name, value]) => `| ${name.replaceAll(' ', NO_BREAK_SPACE)}${COLUMN_GAP} | ${value} |`),
    ].join('\n'),
    failures.length === 0 ? null : ['**Last failures**', ...failures.map(renderFailure)].join('\n\n'),
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}

export function renderJob({ type, configurationId }: BatchJob): string {
  return `${type}, ${code(configurationId)}`;
}

/** No rows before the files are known. */
export function renderFileCounts({ total, completed, failed, cancelled, skipped }: FileCounts): DetailsRow[] {
  return [
    ['Files', total || null],
    ['Completed', total ? completed : null],
    ['Failed', total ? failed : null],
    ['Cancelled', cancelled || null],
    ['Skipped', skipped || null],
  ];
}

/** An em space, which Markdown does not trim: the UI draws tables without space between the columns. */
const COLUMN_GAP = '\u2003';

/** The UI makes the column of names narrow when a value is long. */
const NO_BREAK_SPACE = '\u00a0';

function renderFailure({ name, type, message }: FailedItem): string {
  return `- ${code(name)} ${code(type)} ${code(message)}`;
}

/**
 * Renders text from outside as code, so that nothing in it is read as Markdown, such as a link. A bar would end the cell of a table
 * even there: it is replaced by a character that looks like it.
 */
export function code(text: string): string;
export function code(text: string | null | undefined): string | null;
export function code(text: string | null | undefined): string | null {
  if (text == null) return null;
  const line = cleanText(text).replaceAll('`', "'").replaceAll('|', '\u2223');
  return line === '' ? '(empty)' : `\`${line}\``;
}
