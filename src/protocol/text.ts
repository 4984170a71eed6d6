/** Upper bound on a name or a message: up to 1,000 of them are in one payload, and Temporal allows 2 MB. */
const MAX_TEXT_BYTES = 300;

/** Replaces a secret. */
export const REDACTED = '[redacted]';

/**
 * Makes text from outside safe for history, logs and the UI: one well-formed line without control characters, without the
 * secrets in URLs (a presigned URL is a key), of at most `maxBytes` of UTF-8.
 *
 * Half a surrogate pair in a failure's message or in a workflow id ends the worker that sends it.
 */
export function cleanText(text: string, maxBytes = MAX_TEXT_BYTES): string {
  // Cut before the expensive steps: the text may have megabytes.
  const cut = 4 * maxBytes;
  const start = text.length > cut ? text.slice(0, cut).replace(UNFINISHED_AUTHORITY, '') : text;
  // Redacted first: a control character in a URL would otherwise become the space that ends it.
  const line = redactUrls(start).replace(/[\p{Cc}\s]+/gu, ' ');
  return truncateUtf8(line.trim(), maxBytes);
}

/** A URL that was cut in its host part, which may be a user and a password. */
const UNFINISHED_AUTHORITY = /:\/\/[^\s/?#"<>]*$/;

/**
 * Replaces what may be a secret in the URLs of a text: the user and password of any URL, and the query and the fragment of
 * an http(s) URL, where the signature of a presigned URL stands. `https://[redacted]@host/path?[redacted]`.
 */
export function redactUrls(text: string): string {
  return (
    text
      .replace(/:\/\/[^\s/?#"<>]*@/g, `://${REDACTED}@`)
      // Matches up to the URL's end first and looks for its query then, so that the time stays linear in the text's length.
      .replace(/https?:\/\/[^\s"<>]+/gi, (url) => {
        const start = url.search(/[?#]/) + 1;
        // A query that was redacted, and perhaps cut since, stays as it is.
        const isRedacted = REDACTED.startsWith(url.slice(start).replace('…', ''));
        return start === 0 || isRedacted ? url : `${url.slice(0, start)}${REDACTED}`;
      })
  );
}

/** Returns the first frames of an error's stack, one line each. */
export function readStackFrames({ stack }: Error, maxFrames: number): string[] {
  const lines = String(stack ?? '').split('\n');
  return lines.filter((line) => /^\s+at /.test(line)).slice(0, maxFrames);
}

/** Cuts a text to at most `maxBytes` of well-formed UTF-8, between characters. A text that was cut ends with `…`. */
export function truncateUtf8(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += utf8Bytes(character);
    if (bytes > maxBytes) return `${text.slice(0, end).toWellFormed()}…`;
    // The `…` has to fit as well.
    if (bytes <= maxBytes - 3) end += character.length;
  }
  return text.toWellFormed();
}

/** Size of a text in a JSON payload, in bytes of UTF-8: a Chinese character has three, a control character six. */
export function jsonBytes(text: string): number {
  let bytes = 0;
  for (const character of JSON.stringify(text)) bytes += utf8Bytes(character);
  return bytes;
}

function utf8Bytes(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
