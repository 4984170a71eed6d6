import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { renderDownload } from '../../../src/activities/jobs/render-download.js';
import { ResultMissing } from '../../../src/activities/support/result-missing.js';
import type { CollectFormat } from '../../../src/protocol/index.js';

async function* chunksOf(texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text);
}

async function stored(format: CollectFormat, ...texts: string[]): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of renderDownload(chunksOf(texts), format)) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

async function* slices(bytes: Buffer, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function collected(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The document of a text that comes in chunks of this many bytes. */
function storedBytes(format: CollectFormat, text: string, size: number): Promise<string> {
  return collected(renderDownload(slices(Buffer.from(text), size), format));
}

/** In which order chunks are read and written. */
async function inTurn(...texts: string[]): Promise<string[]> {
  const order: string[] = [];
  async function* content() {
    for (const text of texts) {
      order.push(`read ${text}`);
      yield Buffer.from(text);
    }
  }
  for await (const chunk of renderDownload(content(), 'markdown')) order.push(`wrote ${String(chunk)}`);
  return order;
}

/** Bytes of live objects. */
function liveBytes(): number {
  setFlagsFromString('--expose_gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') throw new Error('there is no gc to call');
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe('a downloaded document', () => {
  test('that is text already streams, piece by piece', async () => {
    expect(await stored('markdown', '# A', '\n{"pages":', '[]}')).toEqual(['# A', '\n{"pages":', '[]}']);
    expect(await stored('text', '\n ', ' ', 'a', '{')).toEqual(['\n ', ' ', 'a', '{']);
    // JSON, but no object.
    expect(await inTurn('"a', 'b"')).toEqual(['read "a', 'wrote "a', 'read b"', 'wrote b"']);
    expect(await inTurn('[a](b', ') c')).toEqual(['read [a](b', 'wrote [a](b', 'read ) c', 'wrote ) c']);
  });

  test('that is JSON with pages becomes the text of its pages, wherever the chunks are cut', async () => {
    const pages = [
      { page_number: 1, markdown: '# Ä 😀\n"q"', success: true },
      { page_number: 2, success: false, error: 'dark --> <b>' },
      { page_number: 3, success: false },
    ];
    const json = `\ufeff ${JSON.stringify({ more: { a: [1] }, pages, end: [{}, 'x'] })}\n`;
    const text = [
      '# Ä 😀\n"q"',
      '<!-- page 2 could not be parsed: dark - -> <b> -->',
      '<!-- page 3 could not be parsed: LlamaCloud gave no reason -->',
    ].join('\n\n');
    for (const size of [1, 2, 3, 50, 1_000]) expect(await storedBytes('markdown', json, size)).toBe(text);
    const texts = JSON.stringify({ pages: [{ page_number: 1, text: 'a' }, { text: '' }, { text: 'b' }] });
    expect(await storedBytes('text', texts, 5)).toBe('a\n\n\n\nb');
  });

  test.each([
    '{"markdown":"a"},7',
    '{"markdown":"a"},null',
    '{"page_number":1,"markdown":"a"},{"page_number":2,"markdown":null}',
    '{"page_number":1,"markdown":"a"},{"page_number":2,"markdown":5}',
    '{"page_number":1,"markdown":null},{"page_number":2,"markdown":"b"}',
    '{"page_number":1}',
  ])('with a page that has no text and no error is not complete: %s', async (pages) => {
    await expect(stored('markdown', `{"pages":[${pages}]}`)).rejects.toBeInstanceOf(ResultMissing);
  });

  test('that has no pages is empty', async () => {
    expect(await storedBytes('markdown', '{"a":1,"pages":[]}', 4)).toBe('');
  });

  test.each([
    '{"pages":',
    '{"pages":5}',
    '{"pages":{"0":{"markdown":"a"}}}',
    '{"other":[{"markdown":"a"}]}',
    '{"more":{"pages":[{"markdown":"a"}]}}',
    '{"pages":[]} and so on',
    '{ a set }',
    '{"pages":[{"text":"a"}]}',
    '{"pages":[7,{"markdown":"a"}]}',
    '[{"pages":[{"markdown":"a"}]}]',
    '"quoted',
    '1 apple',
    'true',
    ' ',
  ])('that only looks like it stays as it is: %s', async (text) => {
    for (const size of [1, 5, 1_000]) expect(await storedBytes('markdown', text, size)).toBe(text);
  });

  test('with a byte that is no UTF-8 keeps the rest of its page', async () => {
    const json = Buffer.from('{"pages":[{"markdown":"a?b"}]}');
    json[json.indexOf('?')] = 0xff;
    expect(await collected(renderDownload(slices(json, 7), 'markdown'))).toBe('a\ufffdb');
  });

  test('of 64 MiB of pages is passed on page by page, and never held as a whole', async () => {
    const page = JSON.stringify({ page_number: 1, markdown: 'x'.repeat(64 * 1024) });
    const startBytes = liveBytes();
    let keptBytes = 0;
    let read = 0;
    async function* content() {
      yield Buffer.from('{"pages":[');
      for (let count = 0; count < 1_024; count++) {
        read += 64 * 1024;
        yield Buffer.from(count === 0 ? page : `,${page}`);
      }
      keptBytes = liveBytes() - startBytes;
      yield Buffer.from(']}');
    }
    let written = 0;
    let maxHeld = 0;
    for await (const chunk of renderDownload(content(), 'markdown')) {
      written += chunk.byteLength;
      maxHeld = Math.max(maxHeld, read - written);
    }
    expect(written).toBe(64 * 1024 * 1024 + 1_023 * 2);
    expect(maxHeld).toBeLessThanOrEqual(64 * 1024);
    expect(keptBytes).toBeLessThan(16 * 1024 * 1024);
  });

  test('that starts with { and shows no page within 16 MiB is passed on as it is from there', async () => {
    const chunk = Buffer.from('x'.repeat(1024 * 1024));
    let read = 0;
    async function* content() {
      yield Buffer.from('{"a":"');
      for (let count = 0; count < 24; count++) {
        read += chunk.byteLength;
        yield chunk;
      }
    }
    let written = 0;
    let maxHeld = 0;
    for await (const piece of renderDownload(content(), 'text')) {
      maxHeld = Math.max(maxHeld, read - written);
      written += piece.byteLength;
    }
    expect(written).toBe(24 * 1024 * 1024 + 6);
    expect(maxHeld).toBeLessThanOrEqual(17 * 1024 * 1024);
  });

  test.each([
    ['{"pages":[{"markdown":"a"},', '{"markdown":"b"', 'it ends too early'],
    ['{"pages":[{"markdown":"a"}', ']', 'it ends too early'],
    ['{"pages":[{"markdown":"a"},', 'oh no', 'it is not JSON'],
    ['{"pages":[{"markdown":"a"},', '"'.padEnd(17 * 1024 * 1024, 'x'), 'no page ends within 16 MiB'],
  ])('whose pages break off is an error after those, and never a document: %.30s', async (start, rest, problem) => {
    const chunks: string[] = [];
    const reading = async () => {
      for await (const chunk of renderDownload(chunksOf([start, rest]), 'markdown')) chunks.push(String(chunk));
    };
    const error = await reading().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ResultMissing);
    expect(error).toMatchObject({ message: `its downloaded document can't be read after 1 pages: ${problem}` });
    expect(chunks).toEqual(['a']);
  });

  test('that is structured stays as it is', async () => {
    const json = '{"pages":[{"page_number":1,"markdown":"a","text":"a"}]}';
    expect(await stored('items', json)).toEqual([json]);
  });

  test('that is empty stays empty', async () => {
    expect(await stored('markdown')).toEqual([]);
  });
});
