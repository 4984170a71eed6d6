import { CancellationScope, condition } from '@temporalio/workflow';
import type { ResultRow } from '../activities/types.js';

/** A row whose file's turn has come. */
export interface DueRow {
  /** Its number in the page. */
  index: number;
  row: ResultRow;
  /** Is its job known to have ended? */
  ready: boolean;
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

  /**
   * The next row, once there is one; `undefined` when there will be none. Also of a run that is being stopped: what is left is handed
   * out, to be listed as skipped.
   */
  async take(): Promise<DueRow | undefined> {
    // All lanes that wait are woken by one row, and all but one find nothing.
    while (this.#rows.length === 0 && !this.#isWhole) {
      await CancellationScope.nonCancellable(() => condition(() => this.#rows.length > 0 || this.#isWhole));
    }
    return this.#rows.shift();
  }
}
