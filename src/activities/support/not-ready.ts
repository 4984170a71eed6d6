export type NotReadyType = 'BatchNotReady' | 'JobNotReady' | 'ChildNotReady' | 'UploadNotReady';

/** Thrown by a poll. It becomes a benign failure, and Temporal's server waits until the next attempt. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
  readonly type: NotReadyType;
  /** Time until the next poll, in milliseconds. */
  readonly delayMs: number;

  /** @param state Such as `batch bat-... is RUNNING`. */
  constructor(type: NotReadyType, state: string, delayMs: number) {
    super(state);
    this.type = type;
    this.delayMs = delayMs;
  }
}
