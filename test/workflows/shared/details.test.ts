import { describe, expect, test } from 'vitest';
import { code, renderDetails } from '../../../src/workflows/shared/details.js';

const NASTY = [
  '[x](http://evil.example)',
  '\\[x](http://evil.example)',
  '`[x](http://evil.example)',
  '``[x](http://evil.example)``',
  'ends with a backslash\\',
  'ends with a backtick`',
  '\\`[x](http://evil.example)',
  'a | b \\| c \\\\| [x](http://evil.example)',
  'one\n\n# two\n[x](http://evil.example)',
  'one\r[x](http://evil.example)\u2028# two\u0085- three\u2029> four',
  '<img src=x onerror=alert(1)>',
  '![x](http://evil.example/pixel.png)',
  'https://evil.example/?token=1',
  '```\n[x](http://evil.example)\n```',
  '\u0000`\u0000[x](http://evil.example)',
  '|---|---|',
  '   ',
  '',
  '\ud800`[x](http://evil.example)',
  '`'.repeat(400),
  '\\'.repeat(400),
  `${'x'.repeat(299)}\`[x](http://evil.example)`,
];

/**
 * What is left of a line as Markdown, without its code spans: a run of backticks up to the next run of the same length, with
 * backslashes as they are, as CommonMark says.
 */
function outsideCode(line: string): string {
  return line.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, '');
}

describe('text from outside in the details', () => {
  test.each(NASTY)('is one code span: %j', (text) => {
    const span = code(text);
    expect(outsideCode(span).trim()).toMatch(/^(\(empty\))?$/);
    expect(span).not.toMatch(/[|\n\r\u2028\u2029\u0085]/);
    expect(span.isWellFormed()).toBe(true);
    expect(Buffer.byteLength(span)).toBeLessThan(1_000);
  });

  test.each(NASTY)('makes no Markdown wherever it comes: %j', (text) => {
    const render = (value: string) =>
      renderDetails({
        heading: 'Failed',
        failure: { type: value, message: value },
        rows: [['Status', code(value)]],
        failures: [{ name: value, type: value, message: value }],
      });
    const shape = (markdown: string) =>
      markdown.split('\n').map((line) => outsideCode(line).replaceAll('(empty)', '').replace(/ +/g, ' ').trim());
    expect(shape(render(text))).toEqual(shape(render('plain')));
  });
});

test('the details show the phase, the failure, the rows with a value and the last failures', () => {
  const details = renderDetails({
    heading: 'Failed',
    note: null,
    failure: { type: 'BatchFailed', message: 'batch bat-1 failed' },
    rows: [
      ['Batch', code('bat-1')],
      ['Credits', null],
      ['Jobs ended', 0],
    ],
    failures: [],
  });
  expect(details).toBe(
    [
      '### Failed',
      '`BatchFailed` `batch bat-1 failed`',
      '| | |\n| --- | --- |\n| Batch\u2003 | `bat-1` |\n| Jobs\u00a0ended\u2003 | 0 |',
    ].join('\n\n'),
  );
});
