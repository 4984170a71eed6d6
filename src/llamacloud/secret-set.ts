import { REDACTED, redactUrls } from '../protocol/index.js';

const MAX_SECRETS = 1_000;

/** Shorter header and query values are no secrets, and replacing them would only garble the text. */
const MIN_LENGTH = 8;
/** Of what is certainly a secret: keys and signing secrets. */
export const MIN_KEY_LENGTH = 4;

/** Redacting takes time by the text's length; nobody reads further than this in an error. */
const MAX_TEXT_LENGTH = 32_000;

/**
 * The secrets that a client has sent or received. They are kept beyond the request that they came with, because an error
 * may repeat a secret of an earlier one. Bounded: the newest replace the oldest, except for the API key.
 */
export class SecretSet {
  readonly #apiKey: string;
  /** In the order in which they were last seen. */
  readonly #values = new Set<string>();
  #longestFirst: string[] | undefined;

  constructor(apiKey: string) {
    this.#apiKey = apiKey;
  }

  add(values: Iterable<string>, minLength = MIN_LENGTH): void {
    for (const value of values) {
      if (value.length < minLength) continue;
      this.#values.delete(value);
      this.#values.add(value);
    }
    for (const oldest of this.#values) {
      if (this.#values.size <= MAX_SECRETS) break;
      this.#values.delete(oldest);
    }
    this.#longestFirst = undefined;
  }

  /** Adds a presigned URL as a whole, its query, and the query's values, encoded and decoded. */
  addUrl(url: string): void {
    this.add([url]);
    if (!URL.canParse(url)) return;
    const { href, search, searchParams, password } = new URL(url);
    const encoded = search
      .slice(1)
      .split('&')
      .map((pair) => pair.slice(pair.indexOf('=') + 1));
    this.add([href, search.slice(1), ...encoded, ...searchParams.values(), password]);
  }

  /** Adds every presigned URL of a JSON body. */
  addUrlsOf(body: unknown): void {
    // Not recursive: JSON may be nested more deeply than the call stack.
    const open: unknown[] = [body];
    while (open.length > 0) {
      const value = open.pop();
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, child] of Object.entries(value)) {
        if (typeof child === 'object') open.push(child);
        else if (typeof child === 'string' && key.endsWith('presigned_url')) this.addUrl(child);
      }
    }
  }

  /** Text that others wrote, without secrets, also those in URLs, well-formed and bounded. */
  redact(text: string): string {
    const known = this.#sorted();
    const start = text.slice(0, MAX_TEXT_LENGTH).toWellFormed();
    const redacted = known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), start);
    // The cut may have left the start of a secret at the end, which is no longer found.
    const end = text.length > MAX_TEXT_LENGTH ? -(known[0]?.length ?? 0) : undefined;
    return redactUrls(redacted.slice(0, end)).toWellFormed();
  }

  /** The longest first, since a URL contains its signature. */
  #sorted(): string[] {
    const key = this.#apiKey.length < MIN_KEY_LENGTH ? [] : [this.#apiKey];
    this.#longestFirst ??= [...key, ...this.#values].flatMap(toVariants).sort((a, b) => b.length - a.length);
    return this.#longestFirst;
  }
}

/** A value as it is, and as it stands in JSON and in a URL. */
function toVariants(value: string): string[] {
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())])];
}
