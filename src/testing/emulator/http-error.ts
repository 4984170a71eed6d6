/** A response other than 2xx. As in the API, its body is `{"detail": ...}`. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    readonly detail: unknown,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(typeof detail === 'string' ? detail : JSON.stringify(detail));
  }
}

/** A 422 with one entry: the location of the value, a message, and the type of the error. */
export function invalid(loc: readonly (string | number)[], msg: string, type: string): HttpError {
  return new HttpError(422, [{ loc, msg, type }]);
}
