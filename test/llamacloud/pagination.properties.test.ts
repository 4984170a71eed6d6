import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnexpectedResponseError } from '../../src/llamacloud/index.js';
import { anyJson } from '../support/arbitraries.js';
import { clientOfFetch } from '../support/client-of-fetch.js';
import { BATCH, rejection } from './support.js';

/** Items by page: pages of whatever size, also empty ones. */
const pages = fc.array(fc.array(fc.nat(30), { maxLength: 5 }), { minLength: 1, maxLength: 8 });
const tokens = (count: number) =>
  fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme' }), { minLength: count, maxLength: count });
const anyList = pages.chain((pages) => fc.record({ pages: fc.constant(pages), tokens: tokens(pages.length) }));
/** How a list says that it has ended. */
const end = fc.constantFrom<List['last'][]>({}, { next_page_token: null }, { next_page_token: '' });

interface List {
  pages: readonly number[][];
  /** The token of each page but the first. */
  tokens: readonly string[];
  /** The rest of the last page. */
  last: { next_page_token?: unknown };
}

let list: List;
let asked: (string | null)[] = [];
const client = clientOfFetch(({ url }) => {
  const token = new URL(url).searchParams.get('page_token');
  asked.push(token);
  const { pages, tokens, last } = list;
  const index = token === null ? 0 : tokens.indexOf(token) + 1;
  const items = (pages[index] ?? []).map((id) => ({ ...BATCH, id: `id-${id}` }));
  return { body: { items, ...(index < pages.length - 1 ? { next_page_token: tokens[index] } : last) } };
});

/** From now on, LlamaCloud has this list. */
function setList(pages: List['pages'], tokens: List['tokens'], last: List['last']): void {
  list = { pages, tokens, last };
  asked = [];
}

async function idsOf(items: AsyncIterable<{ id: string | null }>): Promise<(string | null)[]> {
  const ids: (string | null)[] = [];
  for await (const { id } of items) ids.push(id);
  return ids;
}

describe('a list of whatever pages', () => {
  test('is read whole: each row of each page once, in order, with one request for each page', async () => {
    await fc.assert(
      fc.asyncProperty(anyList, end, async ({ pages, tokens }, end) => {
        const expected = pages.flat().map((id) => `id-${id}`);
        const askedFor = [null, ...tokens.slice(0, pages.length - 1)];
        setList(pages, tokens, end);
        expect(await idsOf(client.iterateBatches())).toEqual(expected);
        expect(asked).toEqual(askedFor);
        setList(pages, tokens, end);
        expect(await idsOf(client.iterateJobs({ type: 'parse_v2' }))).toEqual(expected);
        expect(asked).toEqual(askedFor);
      }),
      { numRuns: 30 },
    );
  });

  test('fails where the token of the next page is no text, so that it does not end early', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat()),
        anyJson().filter((token) => token !== null && typeof token !== 'string'),
        async (page, token) => {
          setList([page], [], Object.assign({}, { next_page_token: token }));
          const error = await rejection(UnexpectedResponseError, idsOf(client.iterateBatches()));
          expect(error.path).toBe('next_page_token');
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is read from the page of a token on', async () => {
    await fc.assert(
      fc.asyncProperty(anyList, end, fc.nat(), async ({ pages, tokens }, end, at) => {
        const start = at % pages.length;
        setList(pages, tokens, end);
        const first = start === 0 ? {} : { pageToken: tokens[start - 1] ?? '' };
        expect(await idsOf(client.iterateBatches(first))).toEqual(
          pages
            .slice(start)
            .flat()
            .map((id) => `id-${id}`),
        );
      }),
    );
  });

  test('fails where there is always one more page', async () => {
    let page = 0;
    const endless = clientOfFetch(() => ({ body: { items: [], next_page_token: `page-${page++}` } }));
    const error = await rejection(UnexpectedResponseError, idsOf(endless.iterateBatches()));
    expect(error.message).toContain('more than 1000 pages');
    expect(page).toBe(1_001);
  });

  test('fails where a token comes again, after each page was asked for once: it neither goes on forever nor ends early', async () => {
    await fc.assert(
      fc.asyncProperty(anyList, fc.nat(), async ({ pages, tokens }, back) => {
        // The last page leads back to an earlier one, or to itself.
        const again = { next_page_token: tokens[back % Math.max(1, pages.length - 1)] ?? '' };
        setList(pages, tokens, again);
        const error = await rejection(UnexpectedResponseError, idsOf(client.iterateBatches()));
        expect(error.path).toBe('next_page_token');
        // Of a single page, that it repeats is seen only when it comes again.
        expect(asked).toHaveLength(pages.length === 1 ? 2 : pages.length);
      }),
    );
  });
});
