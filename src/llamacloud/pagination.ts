import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import type { Page } from './schema-fields.js';

/**
 * Iterates over the items of all pages. Each page is requested when it is needed.
 *
 * @param path Path of the list's route, for errors.
 * @param first Token of the first page; missing to start at the beginning.
 * @throws UnexpectedResponseError for a token that was seen before: the list would never end.
 */
export async function* paginate<T>(
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
