import { describe, expect, test } from 'vitest';
import { downloadedDocument } from '../../src/activities/downloaded-document.js';
import type { CollectFormat } from '../../src/protocol/index.js';

async function* chunksOf(texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text);
}

async function stored(format: CollectFormat, ...texts: string[]): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of downloadedDocument(chunksOf(texts), format)) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

describe('a downloaded document', () => {
  test('that is text already streams, piece by piece', async () => {
    expect(await stored('markdown', '# A', '\n{"pages":', '[]}')).toEqual(['# A', '\n{"pages":', '[]}']);
    expect(await stored('text', '\n ', ' ', 'a', '{')).toEqual(['\n ', ' ', 'a', '{']);
  });

  test('that is JSON with pages becomes the text of its pages', async () => {
    const pages = [
      { page_number: 1, markdown: '# Ä', success: true },
      { page_number: 2, success: false, error: 'dark' },
    ];
    const json = ` ${JSON.stringify({ more: 1, pages })}\n`;
    expect(await stored('markdown', ' ', json.slice(0, 30), json.slice(30))).toEqual([
      '# Ä\n\n<!-- page 2 could not be parsed: dark -->',
    ]);
    expect(await stored('text', JSON.stringify({ pages: [{ page_number: 1, text: 'a' }, { text: 'b' }] }))).toEqual([
      'a\n\nb',
    ]);
  });

  test.each(['{"pages":', '{"pages":5}', '{ a set }', '{"pages":[{"page_number":1}]}', '{"pages":[{"text":"a"}]}'])(
    'that only looks like it stays as it is: %s',
    async (text) => {
      expect((await stored('markdown', text.slice(0, 5), text.slice(5))).join('')).toBe(text);
    },
  );

  test('that is structured stays as it is', async () => {
    const json = '{"pages":[{"page_number":1,"markdown":"a","text":"a"}]}';
    expect(await stored('items', json)).toEqual([json]);
  });

  test('that is empty stays empty', async () => {
    expect(await stored('markdown')).toEqual([]);
  });
});
