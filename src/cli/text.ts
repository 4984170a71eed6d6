/** Formats text for a terminal. */

/** Control characters, and the characters that change the direction of the text after them. */
const CONTROL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Escapes names and messages from outside, so that they stay on one line and the terminal does not interpret them. */
export function toPrintable(text: string): string {
  return text
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(CONTROL, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

const graphemes = new Intl.Segmenter();
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that a text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Cuts a text in the middle: file names often differ only at their end. */
export function truncateMiddle(text: string, maxColumns: number): string {
  if (displayWidth(text) <= maxColumns) return text;
  const parts = Array.from(graphemes.segment(text), ({ segment }) => segment);
  while (parts.length > 1 && displayWidth(parts.join('')) > maxColumns - 1) {
    parts.splice(Math.floor(parts.length / 2), 1);
  }
  const middle = Math.ceil(parts.length / 2);
  return `${parts.slice(0, middle).join('')}…${parts.slice(middle).join('')}`;
}

/** Aligns rows in columns. The last column is not padded. */
export function renderTable(rows: readonly (readonly string[])[], indent = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell)));
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
}

/** `1 file`, `2 files`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`;
}

/** `1,234.5`: at most two decimals. */
export function formatAmount(amount: number): string {
  return amount.toLocaleString('en', { maximumFractionDigits: 2 });
}

/** `45`, or `30 to 45`. */
export function formatRange({ low, high }: { low: number; high: number }): string {
  return low === high ? formatAmount(low) : `${formatAmount(low)} to ${formatAmount(high)}`;
}

/** `999 bytes`, `2.5 kB`, `1.0 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return formatCount(bytes, 'byte');
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Quotes an argument for a POSIX shell, if it needs quotes. */
export function quoteForShell(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
