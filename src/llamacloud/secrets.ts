/** What is shorter is no secret, and cutting it out would only garble the text. */
const SHORTEST_SECRET = 8;

export type Redact = (text: string) => string;

/** Cuts secrets out of texts that others wrote: an answer may repeat the key that it did not like. */
export function redactor(secrets: readonly string[]): Redact {
  // The longest first, since a URL holds its signature.
  const known = secrets.filter(({ length }) => length >= SHORTEST_SECRET).sort((a, b) => b.length - a.length);
  return (text) => known.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
}

/** A presigned URL in whole and in parts. */
export function secretsOfUrl(url: string): string[] {
  const { href, search, searchParams } = new URL(url);
  return [url, href, search.slice(1), ...searchParams.values()];
}

/** A chain of causes is short; one that is not may go in circles. */
const LONGEST_CHAIN = 8;

/**
 * A copy of what `fetch` threw, with names, messages, codes and stacks, and no secret: Node puts a URL that it can't read on
 * its errors, and a `fetch` of another maker the whole request.
 */
export function withoutSecrets(error: unknown, redact: Redact, left = LONGEST_CHAIN): Error {
  if (!(error instanceof Error)) return new Error(redact(String(error)));
  const { name, message, stack, cause } = error;
  const rest = cause === undefined || left === 0 ? undefined : { cause: withoutSecrets(cause, redact, left - 1) };
  const copy = new Error(redact(message), rest);
  copy.name = name;
  copy.stack = redact(stack ?? '');
  return 'code' in error ? Object.assign(copy, { code: redact(String(error.code)) }) : copy;
}
