/** One block of a page, as the API sends it for `expand=items`. */
export type PageItem =
  | {
      readonly type: 'heading';
      readonly md: string;
      readonly bbox: null;
      readonly level: number;
      readonly value: string;
    }
  | { readonly type: 'text'; readonly md: string; readonly bbox: null; readonly value: string }
  | {
      readonly type: 'table';
      readonly md: string;
      readonly bbox: null;
      readonly rows: readonly (readonly string[])[];
      readonly html: string;
      readonly csv: string;
    };

/** Splits a page of Markdown into headings, pipe tables and text at its blank lines. */
export function pageItems(markdown: string): PageItem[] {
  return markdown
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map(blockItem);
}

function blockItem(md: string): PageItem {
  const heading = /^(#{1,6})\s+([^\n]+)$/.exec(md);
  if (heading?.[1] !== undefined && heading[2] !== undefined) {
    return { type: 'heading', md, bbox: null, level: heading[1].length, value: heading[2] };
  }
  const lines = md.split('\n');
  if (lines.length >= 2 && lines.every((line) => line.startsWith('|')) && /^[|\s:-]+$/.test(lines[1] ?? '')) {
    const rows = lines.filter((_, index) => index !== 1).map(tableCells);
    return { type: 'table', md, bbox: null, rows, html: tableHtml(rows), csv: tableCsv(rows) };
  }
  return { type: 'text', md, bbox: null, value: md };
}

function tableCells(line: string): string[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split('|').map((cell) => cell.trim());
}

function tableHtml(rows: readonly (readonly string[])[]): string {
  const asHtml = (cell: string) => cell.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${asHtml(cell)}</td>`).join('')}</tr>`);
  return `<table>${body.join('')}</table>`;
}

function tableCsv(rows: readonly (readonly string[])[]): string {
  const quote = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return rows.map((cells) => cells.map(quote).join(',')).join('\n');
}
