/** The Markdown that the Temporal UI shows of a run. */
import type { BatchJob, FileCounts } from '../protocol/index.js';

export type DetailsRow = readonly [string, string | number | null | undefined];

export interface Details {
  heading: string;
  /** A sentence under the heading. */
  note?: string | null;
  /** Name and value; one without a value is left out. */
  rows: readonly DetailsRow[];
  failures: readonly DetailsFailure[];
}

export interface DetailsFailure {
  /** Of what failed. */
  name: string;
  type: string;
  message: string;
}

export function detailsMarkdown({ heading, note = null, rows, failures }: Details): string {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined);
  return [
    `### ${heading}`,
    note,
    ['| | |', '| --- | --- |', ...shown.map(([name, value]) => `| ${name}${COLUMN_GAP} | ${value} |`)].join('\n'),
    failures.length === 0 ? null : ['**Last failures**', ...failures.map(failureLine)].join('\n\n'),
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}

export function jobOf({ type, configurationId }: BatchJob): string {
  return `${type}, ${code(configurationId)}`;
}

/** None before the files are known. */
export function fileRows({ total, completed, failed, cancelled, skipped }: FileCounts): DetailsRow[] {
  return [
    ['Files', total || null],
    ['Completed', total ? completed : null],
    ['Failed', total ? failed : null],
    ['Cancelled', cancelled || null],
    ['Skipped', skipped || null],
  ];
}

/** An em space, which Markdown does not trim: the UI draws tables without any space between their columns. */
const COLUMN_GAP = '\u2003';

function failureLine({ name, type, message }: DetailsFailure): string {
  return `- ${code(name)} ${type}: ${plain(message)}`;
}

export function code(text: string | null | undefined): string | null | undefined {
  return text == null ? text : `\`${plain(text).replaceAll('`', "'")}\``;
}

/** Text from outside must not break the table, nor become a link or an image. */
function plain(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/[|<>[\]]/g, (char) => `\\${char}`);
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
