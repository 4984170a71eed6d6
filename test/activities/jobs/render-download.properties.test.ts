import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderDownload } from '../../../src/activities/jobs/render-download.js';
import { anyJson, anyText, longText } from '../../support/arbitraries.js';

const format = fc.constantFrom('markdown', 'text');
/** Where chunks end: also within a character. */
const cuts = fc.array(fc.nat(), { maxLength: 8 });

async function* inChunks(bytes: Buffer, cuts: number[]): AsyncGenerator<Uint8Array> {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function render(bytes: Buffer, cuts: number[], format: 'markdown' | 'text'): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of renderDownload(inChunks(bytes, cuts), format)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a document that is downloaded, however it arrives', () => {
  test('is the text of its pages, in order, with an empty line between them', async () => {
    // The parser of JSON drops a byte order mark at the start of a text.
    const text = longText().map((text) => text.replace(/^\ufeff+/, ''));
    const page = fc.record({ text, more: fc.option(anyJson()) });
    const rest = fc.dictionary(fc.constantFrom('a', 'page', 'Pages', 'job'), anyJson());
    await fc.assert(
      fc.asyncProperty(fc.array(page), rest, fc.boolean(), format, cuts, async (pages, rest, isLast, format, cuts) => {
        const texts = pages.map(({ text }) => text.toWellFormed());
        const rendered = texts.map((text, index) => ({ page_number: index, [format]: text, more: pages[index]?.more }));
        const result = isLast ? { ...rest, pages: rendered } : { pages: rendered, ...rest };
        const json = Buffer.from(JSON.stringify(result));
        expect((await render(json, cuts, format)).toString()).toBe(texts.join('\n\n'));
      }),
    );
  });

  test('is stored byte for byte if it is no result with pages', async () => {
    const json = anyJson().filter((value) => !(value instanceof Object && 'pages' in value));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      longText().map((text) => Buffer.from(text)),
      json.map((value) => Buffer.from(JSON.stringify(value, null, 2))),
      json.map((value) => Buffer.from(JSON.stringify({ items: value, pages: 'three' }))),
      json.map((value) => Buffer.from(JSON.stringify({ pages: [{ page: 1 }, value] }))),
      anyText().map((text) => Buffer.from(`{"pages": [${text}`.replaceAll('{"markdown', ''))),
    );
    await fc.assert(
      fc.asyncProperty(bytes, format, cuts, async (bytes, format, cuts) => {
        expect(await render(bytes, cuts, format)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test('never counts as complete with a page missing: it fails where it breaks off after the first page', async () => {
    const pages = fc.array(anyText(3), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(pages, format, cuts, fc.nat(), async (pages, format, cuts, end) => {
        const json = Buffer.from(JSON.stringify({ pages: pages.map((text) => ({ [format]: text.toWellFormed() })) }));
        const first = json.indexOf('}') + 1;
        fc.pre(!pages[0]?.includes('}'));
        const cut = json.subarray(0, first + (end % (json.length - first)));
        await expect(render(cut, cuts, format)).rejects.toThrow(/can't be read after \d+ pages/);
      }),
    );
  });
});
