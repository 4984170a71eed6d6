import { HttpError } from './http-error.js';
import type { Settings } from './options.js';
import { readInteger } from './query.js';

/** One page as the API answers it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_page_token: string | null;
  /** Only populated when asked for, says the API; there is no way to ask. */
  readonly total_size: null;
}

/**
 * Cuts one page out of items that are already in order.
 * A token holds the number of the last item seen, not a position, so items that come or go between pages shift nothing.
 */
export function paginate<T extends { readonly seq: number }>(
  items: Iterable<T>,
  order: 'ascending' | 'descending',
  query: URLSearchParams,
  settings: Settings,
): Page<T> {
  const asked = readInteger(query, 'page_size', 1) ?? settings.defaultPageSize;
  const size = Math.min(asked, settings.maxPageSize);
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
