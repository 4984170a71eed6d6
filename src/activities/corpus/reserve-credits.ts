import { type CorpusRun, cleanText, type Settlement } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { type Ledger, readLedger, reserve, settle, sumLedger, writeLedger } from './budget-ledger.js';

export interface ReserveCreditsInput {
  run: CorpusRun;
  /** Parts that have ended since the last call. */
  settlements: Settlement[];
  /** The part that is to begin, and the most that it may cost. `null` at the end of a run. */
  part: { key: string; credits: number } | null;
  /** The run leaves nothing: from here on, nothing is spent. */
  isComplete: boolean;
}

export interface ReservedCredits {
  /** Whether the part may begin. */
  isReserved: boolean;
  /** Credits that are spent or reserved, with those of the part. */
  spent: number;
}

/**
 * Records what parts of a corpus have cost, and reserves what the next one may cost, before it has a batch. The record is in the output store, so
 * that a run that is killed, reset or terminated, and the runs after it, know what was spent. A run calls it one at a time.
 */
export function reserveCredits({ outputs }: ActivityDeps) {
  return ({ run, settlements, part, isComplete }: ReserveCreditsInput): Promise<ReservedCredits> =>
    runAttempt('store', `budget of ${cleanText(run.source)}`, async ({ nowMs, signal }) => {
      await assertSameStore(outputs, run.storeId);
      const { output, generation, budget } = run;
      const before = (await readLedger(outputs, output)) ?? { generation, partCredits: 0, parts: {} };
      const ledger: Ledger =
        budget === undefined ? before : { generation, partCredits: budget.partCredits, parts: before.parts };
      settle(ledger, settlements, new Date(nowMs).toISOString());
      const maxCredits = budget?.maxCredits ?? Number.POSITIVE_INFINITY;
      const isReserved = part !== null && reserve(ledger, { ...part, maxCredits }, nowMs);
      const spent = sumLedger(ledger);
      await writeLedger(outputs, output, isComplete ? { ...ledger, parts: {} } : ledger, signal);
      return { isReserved, spent };
    });
}
