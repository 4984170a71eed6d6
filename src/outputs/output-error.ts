import { readStackFrames } from '../protocol/index.js';

/** Keeps the message below 500 characters, since it becomes a failure in history. */
const MAX_LOCATION_CHARACTERS = 250;
const MAX_REASON_CHARACTERS = 200;

/** Of the cause's stack. */
const MAX_FRAMES = 2;

/** The output store failed: it is full, read-only or missing. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  /**
   * @param action What could not be done, such as `write`.
   * @param location A path, or a URL of the store.
   * @param cause The error, or a reason.
   */
  constructor(action: string, location: string, cause: unknown) {
    const reason = truncate(cause instanceof Error ? cause.message : String(cause), MAX_REASON_CHARACTERS);
    super(`Could not ${action} ${truncatePath(location, MAX_LOCATION_CHARACTERS)}: ${reason}`, {
      cause: cause instanceof Error ? toSmallError(cause, reason) : reason,
    });
  }
}

/** A copy without what history has no room for: errors of streams and clients hold buffers, requests and further causes. */
function toSmallError(error: Error, message: string): Error {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const small = Object.assign(new Error(message), { name: error.name, ...code });
  const lines = [`${error.name}: ${message}`, ...readStackFrames(error, MAX_FRAMES)];
  small.stack = truncate(lines.join('\n'), 2 * MAX_REASON_CHARACTERS + MAX_LOCATION_CHARACTERS);
  return small;
}

function truncate(text: string, maxCharacters: number): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.length <= maxCharacters ? wellFormed : `${firstPart(wellFormed, maxCharacters - 1)}…`;
}

/** Keeps the start, and the file name at the end. */
function truncatePath(text: string, maxCharacters: number): string {
  const wellFormed = text.toWellFormed();
  if (wellFormed.length <= maxCharacters) return wellFormed;
  const half = Math.floor((maxCharacters - 1) / 2);
  return `${firstPart(wellFormed, half)}…${lastPart(wellFormed, half)}`;
}

/** Never half of a surrogate pair. */
function firstPart(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

function lastPart(text: string, length: number): string {
  return text.slice(-length).replace(/^[\uDC00-\uDFFF]/, '');
}
