/** An answer other than 2xx: the API sends `{"detail": ...}` with the status. */
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

/** A 422 with one entry: where the value is, what is wrong, and the kind of the fault. */
export function invalid(loc: readonly (string | number)[], msg: string, type: string): HttpError {
  return new HttpError(422, [{ loc, msg, type }]);
}
