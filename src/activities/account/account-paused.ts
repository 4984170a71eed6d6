/** Thrown in place of a request that is not sent, or of a 401 or 402 that pauses all others. It becomes a benign failure that is retried. */
export class AccountPaused extends Error {
  override readonly name = 'AccountPaused';
  /** Time until the next attempt, in milliseconds. */
  readonly delayMs: number;

  /** @param cause The response that has paused the account, if it is the one to this request. */
  constructor(message: string, delayMs: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.delayMs = delayMs;
  }
}
