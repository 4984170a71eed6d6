import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import type { Page } from './schemas.js';

/**
 * The items of all pages, one request a page as they are needed.
 *
 * @param path Of the list's route, for errors.
 * @param first Token of the first page; missing for the list's start.
 * @throws UnexpectedResponseError for a token that comes again: the list would never end, and is not whole.
 */
export async function* pages<T>(
  path: string,
  first: string | undefined,
  get: (token: { pageToken?: string }) => Promise<Page<T>>,
): AsyncGenerator<T> {
  const seen = new Set<string>();
  let token = first ?? '';
  do {
    if (token !== '') seen.add(token);
    const page = await get(token === '' ? {} : { pageToken: token });
    yield* page.items;
    token = page.next_page_token ?? '';
    if (seen.has(token)) {
      throw new UnexpectedResponseError('next_page_token', 'it came before, so the list would never end', {
        method: 'GET',
        path,
      });
    }
  } while (token !== '');
}
