/**
 * Finds what is wrong with an API key. The answer follows the name of the key in a sentence, and does not hold the key.
 *
 * @returns `undefined` if the key can be one.
 */
export function findApiKeyProblem(apiKey: string): string | undefined {
  const key = apiKey.trim();
  if (key === '') return `is empty: ${EXPECTED_KEY}`;
  if (/^bearer\s/i.test(key)) return 'starts with "Bearer": leave that out';
  if (/^["'].*["']$/s.test(key)) return 'is in quotes: leave them out';
  if (isHttpUrl(key)) return `is a URL: ${EXPECTED_KEY}`;
  if (isPlaceholder(key)) return `is a placeholder: ${EXPECTED_KEY}`;
  // fetch refuses such a header, and repeats it in its message.
  if (!/^[\x21-\x7e]+$/.test(key)) return 'has a space, a line break or a character that no key has';
  return undefined;
}

const EXPECTED_KEY = 'it must be your LlamaCloud API key, which starts with llx-';

/** As documentation writes it: `llx-...`, `llx-xxxx`, `<your key>`, `your-api-key`. */
function isPlaceholder(key: string): boolean {
  return /^llx-[.…x*_-]*$/i.test(key) || /\.\.\.|…|^<.*>$|your.?(llama.?cloud.?)?(api.?)?key/i.test(key);
}

/**
 * Finds what is wrong with a base URL. The answer follows its name in a sentence.
 *
 * @returns `undefined` if the URL can be one.
 */
export function findBaseUrlProblem(baseUrl: string): string | undefined {
  if (!isHttpUrl(baseUrl)) return 'is not an http or https URL';
  const { username, password, pathname, search, hash } = new URL(baseUrl);
  if (username !== '' || password !== '') return 'must not hold a user name or a password';
  if (search !== '' || hash !== '') return 'must not hold a query or a fragment';
  // The client appends the path of each route.
  const [apiPath] = /\/api(\/v\d+.*)?$/.exec(pathname.replace(/\/+$/, '')) ?? [];
  return apiPath === undefined ? undefined : `must not end with an API path: leave out the path ${apiPath}`;
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Rejects an empty id: as a filter it would mean no filter. @throws TypeError */
export function checkId<T extends string | undefined>(name: string, id: T): T {
  if (id === '') throw new TypeError(`${name} is empty`);
  return id;
}

/** An id in a path. It is not a part of the route. */
export interface PathId {
  readonly id: string;
}

/** Rejects an id that can't be a path segment: `.` and `..` survive URL-encoding and reach another route. @throws TypeError */
export function checkPathSegment(id: string): PathId {
  if (id === '' || id === '.' || id === '..' || !id.isWellFormed())
    throw new TypeError(`${JSON.stringify(id.slice(0, 40))} is not an id`);
  return { id };
}
