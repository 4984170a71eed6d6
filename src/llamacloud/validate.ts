/** What is wrong with an API key, to follow its name in a sentence; the key is not in it. `undefined` where it is fine. */
export function apiKeyProblem(apiKey: string): string | undefined {
  if (apiKey.trim() === '') return 'is empty: LlamaCloud keys start with llx-';
  // fetch would refuse it as a header, and repeat it in its message.
  if (!/^[\x21-\x7e]+$/.test(apiKey.trim())) return 'has a space, a line break or a character that no key has';
  return undefined;
}

/** What is wrong with a base URL, to follow its name in a sentence. `undefined` where it is fine. */
export function baseUrlProblem(baseUrl: string): string | undefined {
  if (!isHttpUrl(baseUrl)) return 'is not an http or https URL';
  const { username, password, search, hash } = new URL(baseUrl);
  if (username !== '' || password !== '') return 'must not hold a user name or a password';
  // The routes are appended to it.
  if (search !== '' || hash !== '') return 'must not hold a query or a fragment';
  return undefined;
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Refuses an empty id, which as a filter would mean no filter. @throws TypeError */
export function checkedId<T extends string | undefined>(name: string, id: T): T {
  if (id === '') throw new TypeError(`${name} is empty`);
  return id;
}

/** Refuses an id that cannot be a path segment: `.` and `..` survive URL-encoding and reach another route. @throws TypeError */
export function checkedSegment(id: string): string {
  if (id === '' || id === '.' || id === '..' || !id.isWellFormed())
    throw new TypeError(`${JSON.stringify(id.slice(0, 40))} is not an id`);
  return id;
}
