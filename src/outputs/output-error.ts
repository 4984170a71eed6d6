/** Together below 500 characters with the words around them, since a failure is kept in history once per attempt. */
const MAX_LOCATION_CHARACTERS = 250;
const MAX_REASON_CHARACTERS = 200;

/** Of a cause: where it was thrown, not the whole way there. */
const MAX_STACK_LINES = 3;

/** The output store failed: full, read-only, gone. */
export class OutputError extends Error {
  override readonly name = 'OutputError';

  /**
   * @param action What could not be done, such as `write`.
   * @param location Where: a path, or a URL of the store.
   * @param cause The error, or the reason in words.
   */
  constructor(action: string, location: string, cause: unknown) {
    const reason = truncate(cause instanceof Error ? cause.message : String(cause), MAX_REASON_CHARACTERS);
    super(`Could not ${action} ${truncateMiddle(location, MAX_LOCATION_CHARACTERS)}: ${reason}`, {
      cause: cause instanceof Error ? toSmallError(cause, reason) : reason,
    });
  }
}

/** Only what tells a person what happened: errors of streams and clients carry buffers, requests and causes of their own. */
function toSmallError(error: Error, message: string): Error {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const small = Object.assign(new Error(message), { name: error.name, ...code });
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const lines = [`${error.name}: ${message}`, ...frames].join('\n').split('\n').slice(0, MAX_STACK_LINES);
  small.stack = truncate(lines.join('\n'), 2 * MAX_REASON_CHARACTERS + MAX_LOCATION_CHARACTERS);
  return small;
}

function truncate(text: string, maxCharacters: number): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.length <= maxCharacters ? wellFormed : `${firstPart(wellFormed, maxCharacters - 1)}…`;
}

/** For paths: both the start and the name at the end say where. */
function truncateMiddle(text: string, maxCharacters: number): string {
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
