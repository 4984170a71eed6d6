import { cleanText } from '../protocol/index.js';

/** A source can't be listed or opened. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  /** @param action What could not be done, such as `list`. */
  constructor(action: string, location: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Could not ${action} ${cleanText(location)}: ${cleanText(reason)}`, { cause });
  }
}

/** One file of a source can't be read. The others can. */
export class SourceFileError extends Error {
  override readonly name = 'SourceFileError';

  /** @param problem Such as `it has changed while it was read`. */
  constructor(problem: string, cause?: unknown) {
    super(cleanText(problem), { cause });
  }
}
