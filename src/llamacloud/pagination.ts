import { UnexpectedResponseError } from './errors/unexpected-response-error.js';
import type { Page } from './schema-fields.js';

/** More than any list of a day's batches, or of a directory, can have. */
const MAX_PAGES = 1_000;

/**
 * Iterates over the items of all pages. A page is requested when its first item is read.
 *
 * @param path Path of the route, for errors.
 * @param firstToken Token of the page to start at. Default: the first page.
 * @throws UnexpectedResponseError if a token repeats, or there are more than 1,000 pages: the list would never end.
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
    assertEnds(path, token, usedTokens);
  } while (token !== '');
}

function assertEnds(path: string, token: string, usedTokens: ReadonlySet<string>): void {
  const fail = (problem: string) => {
    const reason = `${problem}, so the list would never end`;
    throw new UnexpectedResponseError('next_page_token', reason, { method: 'GET', path });
  };
  if (usedTokens.has(token)) fail('it repeats');
  if (token !== '' && usedTokens.size >= MAX_PAGES) fail(`there are more than ${MAX_PAGES} pages`);
}
