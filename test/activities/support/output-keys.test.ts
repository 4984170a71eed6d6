import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { documentKey } from '../../../src/activities/support/output-keys.js';
import { DirectoryStore } from '../../../src/outputs/index.js';
import { TROUBLE } from '../../support/arbitraries.js';

const TAG = '[0-9a-f]{12}';
const ENDING = new RegExp(`\\.${TAG}\\.json$`);
const LONG_NAME = `${'x'.repeat(300)}.pdf`;

/** Pieces of names: ordinary ones, and those that cause trouble. */
const PIECES = ['a', 'Z', '0', '\u2066', '.pdf', 'x'.repeat(90), ...TROUBLE];

/** The same names each time. */
function randomNames(count: number): string[] {
  let seed = 7;
  const next = (limit: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * limit);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: next(9) }, () => PIECES[next(PIECES.length)]).join(''),
  );
}

const nameOf = (name: string | null, fileId = 'dfl-1') => documentKey('bat-1', { fileId, name }, 'markdown')[1] ?? '';

describe('the name of a document', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['Résumé – Zoë.pdf', 'Résumé – Zoë.pdf'],
    ['Resume\u0301.pdf', 'Resumé.pdf'],
    ['世界 🦙.pdf', '世界 🦙.pdf'],
    ['shipping/2026/note 88.pdf', 'shipping_2026_note 88.pdf'],
    ['C:\\docs\\a.pdf', 'C__docs_a.pdf'],
    ['../../etc/passwd', '_.._.._etc_passwd'],
    ['..', '_'],
    ['a\0b\n.pdf', 'a_b_.pdf'],
    ['.pdf', '_.pdf'],
    ['-rf.pdf', '_-rf.pdf'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['  report.pdf . ', 'report.pdf'],
    ['invoice\u202efdp.exe', 'invoicefdp.exe'],
  ])('%j begins with the name of its file', (name, start) => {
    expect(nameOf(name)).toMatch(new RegExp(`\\.${TAG}\\.md$`));
    expect(nameOf(name).slice(0, -'.0123456789ab.md'.length)).toBe(start);
  });

  test('of a file whose name is not known begins with its id', () => {
    for (const name of [null, '']) expect(nameOf(name)).toMatch(new RegExp(`^dfl-1\\.${TAG}\\.md$`));
  });

  test('of a file with 300 characters in its name is cut, and says so', () => {
    expect(nameOf(LONG_NAME)).toMatch(new RegExp(`^x{190,200}…\\.${TAG}\\.md$`));
  });

  test('ends with the format', () => {
    const endings = (['markdown', 'text', 'items', 'record'] as const).map((format) =>
      documentKey('bat-1', { fileId: 'dfl-1', name: 'a.pdf' }, format)[1]?.split('.').at(-1),
    );
    expect(endings).toEqual(['md', 'txt', 'json', 'json']);
  });

  test('is another one for each file, even where names are equal or differ in case, and the file system ignores case', () => {
    const names = ['report.pdf', 'REPORT.pdf', 'Report.PDF', 'report.pdf', 'a/b', 'a_b', 'a:b', '\u00e9', 'e\u0301'];
    const ids = [...names.map((_, index) => `dfl-${index}`), 'DFL-0'];
    const documents = ids.map((fileId, index) => nameOf(names[index % names.length] ?? '', fileId).toLowerCase());
    expect(new Set(documents).size).toBe(ids.length);
  });

  test('has the same tag whatever the name of the file is in a run', () => {
    const tags = ['a.pdf', 'renamed.pdf', null].map((name) => nameOf(name).split('.').at(-2));
    expect(new Set(tags).size).toBe(1);
  });

  test('is never that of the manifest or of the folder of a run', () => {
    for (const name of ['manifest.jsonl', 'runs', 'manifest'])
      expect(['manifest.jsonl', 'runs']).not.toContain(nameOf(name));
  });
});

describe('any name at all', () => {
  const names = [...randomNames(1_000), LONG_NAME, '世'.repeat(300), '🦙'.repeat(300), 'e\u0301'.repeat(300)];
  const store = new DirectoryStore('/out');

  test('gives a document that is one segment of at most 255 bytes in the folder of the batch', () => {
    const isSafe = (name: string) => {
      const key = documentKey('bat-1', { fileId: 'dfl-1', name }, 'record');
      const location = store.locate(key);
      const document = basename(location);
      return (
        dirname(location) === '/out/bat-1' &&
        // The store takes it as it is, so that a person finds the same name in any kind of store.
        document === key[1] &&
        Buffer.byteLength(document) <= 255 &&
        ENDING.test(document) &&
        !/^[.\-~ ]|[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]/u.test(document) &&
        !/^(con|prn|aux|nul|com\d|lpt\d) *\./i.test(document)
      );
    };
    expect(names.filter((name) => !isSafe(name))).toEqual([]);
  });

  test('can be written, and each file has a document of its own', async () => {
    const root = await mkdtemp(join(tmpdir(), 'output-keys-test-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const written = names.slice(-40);
    const real = new DirectoryStore(root);
    for (const [index, name] of written.entries())
      await real.write(documentKey('bat-1', { fileId: `dfl-${index}`, name }, 'text'), name);
    expect(await readdir(join(root, 'bat-1'))).toHaveLength(written.length);
  });
});
