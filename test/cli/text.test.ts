import { expect, it } from 'vitest';
import {
  displayWidth,
  formatBytes,
  formatCount,
  quoteForShell,
  renderTable,
  toPrintable,
  truncateMiddle,
} from '../../src/cli/text.js';

it('escapes control characters, and nothing else', () => {
  expect(toPrintable('a\n\u001b[31mred\u202e')).toBe('a\\n\\u{1b}[31mred\\u{202e}');
  expect(toPrintable('Résumé – Zoë 注文 👩‍💻')).toBe('Résumé – Zoë 注文 👩‍💻');
});

it('aligns columns by their width on the screen', () => {
  expect(displayWidth('注文')).toBe(4);
  expect(displayWidth('e\u0301')).toBe(1);
  const rows = [
    ['注文', 'x'],
    ['abcdef', 'y'],
  ];
  expect(renderTable(rows, '')).toEqual(['注文    x', 'abcdef  y']);
});

it('truncates in the middle', () => {
  expect(truncateMiddle('a-very-long-name-01.pdf', 11)).toBe('a-ver…1.pdf');
  expect(truncateMiddle('short.pdf', 11)).toBe('short.pdf');
});

it('formats counts and sizes', () => {
  expect([formatCount(1, 'file'), formatCount(1_200, 'file'), formatCount(2, 'directory', 'directories')]).toEqual([
    '1 file',
    '1,200 files',
    '2 directories',
  ]);
  expect([formatBytes(999), formatBytes(2_500), formatBytes(3_000_000)]).toEqual(['999 bytes', '2.5 kB', '3.0 MB']);
});

it('quotes what a shell would split', () => {
  expect(quoteForShell('llamacloud/dir-1/parse_v2')).toBe('llamacloud/dir-1/parse_v2');
  expect(quoteForShell("it's mine")).toBe("'it'\\''s mine'");
});
