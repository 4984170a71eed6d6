import { REDACTED, redactUrls } from '../protocol/index.js';

/** Each list of a directory's 1,000 files has up to 4,000: signatures, as they are and decoded. */
const MAX_SECRETS = 20_000;

/** Shorter header and query values are not secrets. Replacing them would garble the text. */
const MIN_VALUE_LENGTH = 8;
/** API keys and signing secrets are certainly secrets, so they may be shorter. */
export const MIN_KEY_LENGTH = 4;

/** Bounds the time that redacting takes. Nobody reads more of an error. */
const MAX_TEXT_LENGTH = 32_000;

/** Characters that are left out where a text is cut: a user and password of a URL may have lost the `@` that they are recognized by. */
const CUT_MARGIN = 1_000;

/** Keys whose value is a presigned URL, or LlamaCloud's `PresignedUrl` with `url` and `form_fields`. */
const PRESIGNED_KEY = /(presigned|download)_url$/;

/**
 * The secrets that a client has sent or received. They are kept after their request, because a later error may repeat them. The set is
 * bounded: new secrets replace the oldest ones, but never the API key.
 */
export class SecretSet {
  readonly #keyForms: ReadonlySet<string>;
  /** The other secrets in all their forms, the most recently added last. */
  readonly #forms = new Set<string>();
  /** All forms, by their first characters: a text is searched once, however many secrets are known. */
  readonly #byStart = new Map<string, Set<string>>();

  constructor(apiKey: string) {
    this.#keyForms = new Set(apiKey.length < MIN_KEY_LENGTH ? [] : toForms(apiKey));
    for (const form of this.#keyForms) this.#index(form);
  }

  add(values: Iterable<string>, minLength = MIN_VALUE_LENGTH): void {
    for (const value of values) {
      if (value.length < minLength) continue;
      for (const form of toForms(value)) {
        if (this.#keyForms.has(form)) continue;
        this.#forms.delete(form);
        this.#forms.add(form);
        this.#index(form);
      }
    }
    for (const oldest of this.#forms) {
      if (this.#forms.size <= MAX_SECRETS) break;
      this.#forget(oldest);
    }
  }

  /** Adds the values in the query of a presigned URL, encoded and decoded. The rest of a URL is no secret. */
  addUrl(url: string): void {
    if (!URL.canParse(url)) {
      this.add([url]);
      return;
    }
    const { search, searchParams, password } = new URL(url);
    const encoded = search
      .slice(1)
      .split('&')
      .map((pair) => pair.slice(pair.indexOf('=') + 1));
    // A `+` is a space in a form, and a plus sign in a signature.
    const withPlus = new URLSearchParams(search.replaceAll('+', '%2B'));
    this.add([...encoded, ...searchParams.values(), ...withPlus.values(), password]);
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
        if (PRESIGNED_KEY.test(key)) this.#addPresigned(child);
      }
    }
  }

  #addPresigned(value: unknown): void {
    if (typeof value === 'string') this.addUrl(value);
    if (typeof value !== 'object' || value === null) return;
    if ('url' in value && typeof value.url === 'string') this.addUrl(value.url);
    // What signs an upload: a policy, and its signature.
    if ('form_fields' in value && typeof value.form_fields === 'object' && value.form_fields !== null)
      this.add(Object.values(value.form_fields).filter((field) => typeof field === 'string'));
  }

  /** Removes secrets from text that others wrote, including those in URLs. The result is well-formed and bounded. */
  redact(text: string): string {
    const limit = Math.min(text.length, MAX_TEXT_LENGTH);
    let redacted = '';
    /** Where the part of the text that is in `redacted` ends. */
    let end = 0;
    for (let start = 0; start < limit; start++) {
      const secretEnd = start + this.#findLengthAt(text, start);
      if (secretEnd === start || secretEnd <= end) continue;
      // A secret that begins in the one before is part of the same replacement.
      if (start >= end) redacted += text.slice(end, start) + REDACTED;
      end = secretEnd;
    }
    redacted += text.slice(end, limit);
    return redactUrls(text.length > limit ? redacted.slice(0, -CUT_MARGIN) : redacted).toWellFormed();
  }

  /** Length of the longest secret that begins at a place of a text; 0 if there is none. */
  #findLengthAt(text: string, start: number): number {
    const forms = this.#byStart.get(startAt(text, start));
    if (forms === undefined) return 0;
    let length = 0;
    for (const form of forms) if (form.length > length && text.startsWith(form, start)) length = form.length;
    return length;
  }

  #index(form: string): void {
    const start = startAt(form, 0);
    const forms = this.#byStart.get(start);
    if (forms === undefined) this.#byStart.set(start, new Set([form]));
    else forms.add(form);
  }

  #forget(form: string): void {
    this.#forms.delete(form);
    const start = startAt(form, 0);
    const forms = this.#byStart.get(start);
    forms?.delete(form);
    if (forms?.size === 0) this.#byStart.delete(start);
  }
}

/** The characters by which a secret is looked up: as many as the shortest secret has. */
function startAt(text: string, place: number): string {
  return text.slice(place, place + MIN_KEY_LENGTH);
}

/** A value, and its forms in JSON and in a URL. */
function toForms(value: string): string[] {
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())])];
}
