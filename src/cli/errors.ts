/** The outcome in words: one sentence, and what a person can do about it. */
export interface Explanation {
  /** For machines. */
  readonly type: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly exitCode: 1 | 2;
}

/** An error with which a command ends, already in words. */
export class CliError extends Error implements Explanation {
  override readonly name: string = 'CliError';
  readonly type: string = 'Failed';
  readonly exitCode: 1 | 2 = 1;
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.hint = hint;
  }
}

/** What was typed can't be done: exit 2. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  override readonly type = 'Usage';
  override readonly exitCode = 2;
}

/** Where the command looks for Temporal. */
export interface Place {
  readonly address: string;
  readonly namespace: string;
}

/** Nothing answers where Temporal should be. */
export class TemporalUnreachable extends CliError {
  override readonly name = 'TemporalUnreachable';
  override readonly type = 'TemporalUnreachable';

  constructor(place: Place | undefined, cause?: unknown) {
    super(
      `Temporal can't be reached at ${place?.address ?? 'its address'}`,
      'Start Temporal there, or say where it is: --address, or TEMPORAL_ADDRESS. To try things out without one: temporal-llamacloud dev',
      cause,
    );
  }
}

/** A signal ended the command. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}
