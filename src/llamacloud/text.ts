/** Upper bound on a text in an error, in characters. */
const MAX_DETAIL_LENGTH = 300;

/** Cuts a text to `length` characters. Half a surrogate pair at the cut is replaced: protobuf can't carry one. */
export function truncate(text: string, length = MAX_DETAIL_LENGTH): string {
  return (text.length > length ? `${text.slice(0, length)}…` : text).toWellFormed();
}

/** Returns text unchanged, and any other value as JSON. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // JSON.parse reads deeper nesting than JSON.stringify writes.
    return '(a value that is nested too deeply to show)';
  }
}

/** Replaces white space and control characters, so that a log line stays one line. */
export function toOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
