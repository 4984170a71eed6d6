import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import type { Page } from './schema-fields.js';

/**
 * Iterates over the items of all pages. A page is requested when its first item is read.
 *
 * @param path Path of the route, for errors.
 * @param firstToken Token of the page to start at. Default: the first page.
 * @throws UnexpectedResponseError if a token repeats: the list would never end.
 */
export async function* paginate<T>(
  path: string,
  firstToken: string | undefined,
  getPage: (token: { pageToken?: string }) => Promise<Page<T>>,
): AsyncGenerator<T> {
  const usedTokens = new Set<string>();
  let token = firstToken ?? '';
  do {
    if (token !== '') usedTokens.add(token);
    const page = await getPage(token === '' ? {} : { pageToken: token });
    yield* page.items;
    token = page.next_page_token ?? '';
    if (usedTokens.has(token)) {
      throw new UnexpectedResponseError('next_page_token', 'it repeats, so the list would never end', {
        method: 'GET',
        path,
      });
    }
  } while (token !== '');
}
