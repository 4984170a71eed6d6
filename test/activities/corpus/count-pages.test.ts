import { readFile } from 'node:fs/promises';
import { PDFDocument } from 'pdf-lib';
import { describe, expect, test } from 'vitest';
import { countPages } from '../../../src/activities/corpus/count-pages.js';
import { countPdfPages } from '../../../src/activities/corpus/pdf-pages.js';
import type { CorpusSource } from '../../../src/sources/index.js';
import { FolderSource, SourceFileError } from '../../../src/sources/index.js';
import { sourceFolder } from '../../sources/support.js';

async function pdf(pages: number, useObjectStreams: boolean, attachment?: Uint8Array): Promise<Buffer> {
  const document = await PDFDocument.create();
  for (let page = 0; page < pages; page += 1) document.addPage();
  if (attachment !== undefined) await document.attach(attachment, 'inner.pdf', { mimeType: 'application/pdf' });
  return Buffer.from(await document.save({ useObjectStreams }));
}

describe('the pages of a PDF', () => {
  test.each([
    ['annual-report-2025.pdf', 6],
    ['invoice-2026-0117.pdf', 1],
    ['price-list.pdf', 2],
    ['damaged-scan.pdf', undefined],
  ])('are counted as its page tree says: %s', async (name, pages) => {
    expect(countPdfPages(await readFile(`examples/documents/${name}`))).toBe(pages);
  });

  test('are not known of a file of nothing but digits, and reading it takes no hours', () => {
    expect(countPdfPages(Buffer.from(`%PDF-1.4\n${'1'.repeat(300_000)}`))).toBeUndefined();
  });

  test('are counted with and without compressed objects', async () => {
    expect(countPdfPages(await pdf(7, true))).toBe(7);
    expect(countPdfPages(await pdf(1_200, true))).toBe(1_200);
    expect(countPdfPages(await pdf(3, false))).toBe(3);
  });

  test('are those of the last change, where a file was changed by adding to it', async () => {
    const before = await pdf(2, false);
    const text = before.toString('latin1');
    const [tree = '', number] = /(\d+) 0 obj\s*<<\s*\/Type \/Pages[\s\S]*?endobj/.exec(text) ?? [];
    const root = /\/Root (\d+ 0 R)/.exec(text)?.[1];
    expect(number).toBeDefined();
    const change = `\n${tree.replace(/\/Count 2/, '/Count 5')}\ntrailer\n<< /Root ${root} >>\n%%EOF\n`;
    expect(countPdfPages(Buffer.concat([before, Buffer.from(change, 'latin1')]))).toBe(5);
  });

  test('are not those of a PDF that is attached to it', async () => {
    const inner = await pdf(9, false);
    // As it is, not compressed: its objects could be taken for those of the outer one.
    const stream = `<< /Type /EmbeddedFile /Length ${inner.length} >>\nstream\n${inner.toString('latin1')}\nendstream\nendobj\n`;
    const outer = (await pdf(2, false)).toString('latin1');
    const end = outer.lastIndexOf('xref');
    const text = `${outer.slice(0, end)}9000 0 obj\n${stream}${outer.slice(end)}`;
    expect(countPdfPages(Buffer.from(text, 'latin1'))).toBe(2);
    const withWrongLength = text.replace(`/Length ${inner.length}`, '/Length 12 0 R');
    expect(countPdfPages(Buffer.from(withWrongLength, 'latin1'))).toBeGreaterThan(0);
  });

  test('are not known of what is no PDF, or says nothing', () => {
    expect(countPdfPages(Buffer.from('no PDF'))).toBeUndefined();
    expect(countPdfPages(Buffer.from('%PDF-1.7\n'))).toBeUndefined();
    const empty =
      '%PDF-1.7\n1 0 obj\n<< /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Count 0 >>\nendobj\n/Root 1 0 R';
    expect(countPdfPages(Buffer.from(empty))).toBeUndefined();
    expect(countPdfPages(Buffer.from(empty.replace('/Count 0', '/Count 4')))).toBe(4);
  });
});

describe('the pages of a file', () => {
  const signal = new AbortController().signal;
  const unreadable: CorpusSource = {
    location: '/none',
    list: async function* () {},
    open: async () => {
      throw new SourceFileError('it is gone');
    },
  };

  test('are counted in PDFs and presentations, and assumed by the size of all others', async () => {
    const slides = [1, 2, 12].map((slide) => `PK..ppt/slides/slide${slide}.xml..`).join('');
    const folder = await sourceFolder({
      'a.PDF': (await pdf(4, true)).toString('latin1'),
      'b.pptx': `${slides}ppt/slides/_rels/slide1.xml.rels${slides}`,
    });
    const source = new FolderSource(folder);
    const count = (path: string, size: number) => countPages(source, { path, size }, signal);
    expect(await count('b.pptx', 100)).toEqual({ pages: { low: 3, high: 3 }, isCounted: true });
    expect(await count('c.jpg', 9_000_000)).toEqual({ pages: { low: 1, high: 1 }, isCounted: false });
    expect(await count('d.md', 4_001)).toEqual({ pages: { low: 1, high: 3 }, isCounted: false });
    expect(await count('e.docx', 40_001)).toEqual({ pages: { low: 1, high: 5 }, isCounted: false });
    expect(await count('f.txt', 3)).toEqual({ pages: { low: 1, high: 1 }, isCounted: false });
  });

  test('are assumed where the file can not be read, and not read where it is huge', async () => {
    const range = { pages: { low: 1, high: 2 }, isCounted: false };
    expect(await countPages(unreadable, { path: 'a.pdf', size: 20_000 }, signal)).toEqual(range);
    const source = { ...unreadable, open: () => Promise.reject(new Error('it was read')) };
    const huge = await countPages(source, { path: 'a.pdf', size: 2 ** 28 }, signal);
    expect(huge?.pages.high).toBeGreaterThan(20_000);
  });

  test('are none for audio, which is billed by the minute', async () => {
    expect(await countPages(unreadable, { path: 'call.mp3', size: 20_000 }, signal)).toBeUndefined();
  });
});
