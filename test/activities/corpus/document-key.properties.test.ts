import fc from 'fast-check';
import { expect, test } from 'vitest';
import { corpusDocumentKey } from '../../../src/activities/support/output-keys.js';
import { toDistinctName } from '../../../src/outputs/index.js';
import { anyText, longText } from '../../support/arbitraries.js';

const anyPath = fc
  .array(fc.oneof(anyText(4), longText()), { minLength: 1, maxLength: 6 })
  .map((names) => names.join('/'));

/** As a store writes it. */
const location = (path: string) => corpusDocumentKey({ output: 'legal/2026', path }, 'markdown').map(toDistinctName);

test('two paths never have the same document, and none leads out of the output folder', () => {
  fc.assert(
    fc.property(anyPath, anyPath, (a, b) => {
      expect(location(a).slice(0, 2)).toEqual(['legal', '2026']);
      for (const name of location(a)) expect(name).not.toMatch(/^\.{1,2}$|[/\\\0]|^$/);
      if (a !== b) expect(location(a).join('/')).not.toBe(location(b).join('/'));
    }),
    { numRuns: 500 },
  );
});

test('a folder of the source is never in the place of a manifest, of a document, or of what runs write', () => {
  const folder = (path: string) => location(path).slice(2, -1);
  for (const name of [
    'manifest.jsonl',
    'Manifest.JSONL',
    'corpus.json',
    'budget.json',
    'runs',
    'RUN\u017f',
    'a.pdf.3f9a0c51b7de.md',
  ])
    expect(folder(`${name}/a.pdf`)).toEqual([`${name}_`]);
  const [document = ''] = location('a.pdf').slice(2);
  expect(folder(`${document}/b.pdf`)).not.toEqual([document]);
  expect(folder('manifest/runs.md/a.pdf')).toEqual(['manifest', 'runs.md']);
});

test('a document has a key that every store takes, with the folders and the name of its file', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const key = location(path).join('/');
      expect(Buffer.byteLength(key)).toBeLessThan(1_024 - 300);
      expect(key).toMatch(/\.[0-9a-f]{12}\.md$/);
    }),
    { numRuns: 500 },
  );
  expect(location('a b/2026/lease.pdf').join('/')).toMatch(/^legal\/2026\/a b\/2026\/lease\.pdf\.[0-9a-f]{12}\.md$/);
});
