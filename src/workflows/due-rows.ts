import { condition } from '@temporalio/workflow';
import type { ResultRow } from '../activities/types.js';
import type { FileProblem } from './state.js';

/** A row whose file's turn has come. */
export interface DueRow {
  /** Its number in the page. */
  index: number;
  row: ResultRow;
  /** Is its job known to have ended? */
  ready: boolean;
  /** Why it is not worth a child. */
  problem?: FileProblem;
}

/** The rows that can be worked on, as they become due; several lanes take from it. */
export class DueRows {
  readonly #rows: DueRow[] = [];
  #isWhole = false;

  add(rows: readonly DueRow[]): void {
    this.#rows.push(...rows);
  }

  /** There will be no more. */
  end(): void {
    this.#isWhole = true;
  }

  /** The next row, once there is one; `undefined` when there will be none. */
  async take(): Promise<DueRow | undefined> {
    if (this.#rows.length === 0 && !this.#isWhole) await condition(() => this.#rows.length > 0 || this.#isWhole);
    return this.#rows.shift();
  }
}
