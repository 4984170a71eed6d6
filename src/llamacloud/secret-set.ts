import { REDACTED, redactUrls } from '../protocol/index.js';

/** Presigned URLs come with every large document. */
const MAX_SECRETS = 1_000;

/** Shorter header and query values are not secrets. Replacing them would garble the text. */
const MIN_VALUE_LENGTH = 8;
/** API keys and signing secrets are certainly secrets, so they may be shorter. */
export const MIN_KEY_LENGTH = 4;

/** Bounds the time that redacting takes. Nobody reads more of an error. */
const MAX_TEXT_LENGTH = 32_000;

/**
 * The secrets that a client has sent or received. They are kept after their request, because a later error may repeat them. The set is
 * bounded: new secrets replace the oldest ones, but never the API key.
 */
export class SecretSet {
  readonly #apiKey: string;
  /** The most recently added last. */
  readonly #values = new Set<string>();
  #longestFirst: string[] | undefined;

  constructor(apiKey: string) {
    this.#apiKey = apiKey;
  }

  add(values: Iterable<string>, minLength = MIN_VALUE_LENGTH): void {
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

  /** Adds a presigned URL, its query, and the values in its query, encoded and decoded. */
  addUrl(url: string): void {
    this.add([url]);
    if (!URL.canParse(url)) return;
    const { href, search, searchParams, password } = new URL(url);
    const encoded = search
      .slice(1)
      .split('&')
      .map((pair) => pair.slice(pair.indexOf('=') + 1));
    // A `+` is a space in a form, and a plus sign in a signature.
    const withPlus = new URLSearchParams(search.replaceAll('+', '%2B'));
    this.add([href, search.slice(1), ...encoded, ...searchParams.values(), ...withPlus.values(), password]);
  }

  /** Adds every presigned URL of a JSON body. */
  addUrlsIn(body: unknown): void {
    // Not recursive: JSON may be nested more deeply than the call stack.
    const stack: unknown[] = [body];
    while (stack.length > 0) {
      const value = stack.pop();
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, child] of Object.entries(value)) {
        if (typeof child === 'object') stack.push(child);
        else if (typeof child === 'string' && key.endsWith('presigned_url')) this.addUrl(child);
      }
    }
  }

  /** Removes secrets from text that others wrote, including those in URLs. The result is well-formed and bounded. */
  redact(text: string): string {
    const secrets = this.#sortByLength();
    const start = text.slice(0, MAX_TEXT_LENGTH).toWellFormed();
    const redacted = secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), start);
    // The cut may have left the start of a secret at the end, which is no longer recognized.
    const end = text.length > MAX_TEXT_LENGTH ? -(secrets[0]?.length ?? 0) : undefined;
    return redactUrls(redacted.slice(0, end)).toWellFormed();
  }

  /** The longest first: a URL must be replaced before the signature in it. */
  #sortByLength(): string[] {
    const key = this.#apiKey.length < MIN_KEY_LENGTH ? [] : [this.#apiKey];
    this.#longestFirst ??= [...key, ...this.#values].flatMap(toVariants).sort((a, b) => b.length - a.length);
    return this.#longestFirst;
  }
}

/** A value, and its forms in JSON and in a URL. */
function toVariants(value: string): string[] {
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())])];
}
