import type { Session } from './session.js';

/** What a command is made with. */
export interface Shell {
  readonly session: Session;
  /** Set by the command's action. */
  readonly outcome: { exitCode: number };
}
