import { HttpError } from './http-error.js';
import { readInteger } from './query.js';
import type { Settings } from './settings.js';

/** One page as the API sends it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_page_token: string | null;
  /** The API fills it on request only, and documents no parameter that requests it. */
  readonly total_size: null;
}

/**
 * Returns one page of sorted items. A page token holds the number of the last item of the page, not a position: items that
 * are added or removed between two pages neither repeat nor hide others.
 */
export function paginate<T extends { readonly seq: number }>(
  items: Iterable<T>,
  order: 'ascending' | 'descending',
  query: URLSearchParams,
  settings: Settings,
): Page<T> {
  const requestedSize = readInteger(query, 'page_size', 1) ?? settings.defaultPageSize;
  const size = Math.min(requestedSize, settings.maxPageSize);
  const after = readToken(query);
  const page: T[] = [];
  for (const item of items) {
    if (after !== null && (order === 'ascending' ? item.seq <= after : item.seq >= after)) continue;
    const last = page.at(-1);
    if (page.length === size && last !== undefined) {
      return { items: page, next_page_token: writeToken(last.seq), total_size: null };
    }
    page.push(item);
  }
  return { items: page, next_page_token: null, total_size: null };
}

function writeToken(seq: number): string {
  return Buffer.from(`after:${seq}`).toString('base64url');
}

function readToken(query: URLSearchParams): number | null {
  const token = query.get('page_token');
  if (token === null || token === '') return null;
  const digits = /^after:(-?\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1];
  if (digits === undefined) throw new HttpError(400, 'invalid page token');
  return Number(digits);
}
