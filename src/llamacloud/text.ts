/** Longest text of an error, of a detail or of a message that was no text, in characters. */
export const MAX_DETAIL_LENGTH = 300;

/** Bounds a text. A cut never leaves half a character, which neither JSON nor protobuf can carry. */
export function truncate(text: string, length = MAX_DETAIL_LENGTH): string {
  return (text.length > length ? `${text.slice(0, length)}…` : text).toWellFormed();
}

/** Any value as text: a text as it is, anything else as JSON. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // JSON.parse reads deeper nesting than JSON.stringify can write.
    return '(a value that is nested too deeply to show)';
  }
}

/** Replaces white space and control characters, so that a log line stays one line. */
export function toOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
