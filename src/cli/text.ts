/** Text for a terminal. */

/** Control characters, and those that turn the direction of what follows. */
const CONTROL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Names and messages from outside, on one line, with nothing in them that a terminal would obey. */
export function printable(text: string): string {
  return text
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(CONTROL, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

const graphemes = new Intl.Segmenter();
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Cuts a text in its middle, since names often differ at their end. */
export function shorten(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const parts = Array.from(graphemes.segment(text), ({ segment }) => segment);
  while (parts.length > 1 && widthOf(parts.join('')) > columns - 1) parts.splice(Math.floor(parts.length / 2), 1);
  const middle = Math.ceil(parts.length / 2);
  return `${parts.slice(0, middle).join('')}…${parts.slice(middle).join('')}`;
}

/** Rows as columns, the last of which is as long as it is. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  }
  return rows.map((row) => {
    const cells = row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell)));
    return `${indent}${cells.join('  ')}`.trimEnd();
  });
}

/** `1 file`, `2 files`. */
export function count(amount: number, noun: string, plural = `${noun}s`): string {
  return `${amount.toLocaleString('en')} ${amount === 1 ? noun : plural}`;
}

export function size(bytes: number): string {
  if (bytes < 1_000) return count(bytes, 'byte');
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** An argument to be copied into a shell. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
