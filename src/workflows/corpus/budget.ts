/** What a run over a corpus may spend: each part is reserved before it begins, and settled after its end. The record is in the output store. */
import { condition } from '@temporalio/workflow';
import type { BudgetedPart } from '../../activities/types.js';
import { addEstimates, type BudgetPlan, type CorpusRun, zeroEstimate } from '../../protocol/index.js';
import { reserveCredits, writePartLines } from '../shared/activities.js';
import type { PartReport } from './process-corpus-part.js';
import { type CorpusState, type PlannedPart, recordPart } from './state.js';

export function openBudget(state: CorpusState, budget: BudgetPlan | undefined): void {
  if (budget === undefined || state.budget !== null) return;
  const { maxCredits } = budget;
  state.budget = { maxCredits, spent: 0, estimate: zeroEstimate(), unbilled: 0, filesLeft: 0 };
}

/** What `planCorpusPart` needs to estimate. Once the budget is reached, files are only listed: nobody reads them to estimate what is left. */
export function toBudgetedPart({ budget, creditsLedger, planning }: CorpusState): { budgeted?: BudgetedPart } {
  if (budget === null || creditsLedger.isReached) return {};
  return { budgeted: planning.budgeted ?? { key: '', estimate: zeroEstimate() } };
}

/**
 * Reserves what a part may cost. If it does not fit, waits for the end of parts that are open: they may have cost less than was reserved.
 *
 * @param hasOpenParts Whether a part may still end.
 * @returns Whether the part may begin.
 */
export async function reservePart(
  state: CorpusState,
  run: CorpusRun,
  { part, budgeted }: PlannedPart,
  hasOpenParts: () => boolean,
): Promise<boolean> {
  const { budget, creditsLedger: ledger } = state;
  if (budget === null) return true;
  // More than the whole budget: it never fits, and others may.
  if (ledger.isReached || budgeted === null || budgeted.estimate.credits.high > budget.maxCredits) return false;
  const { key, estimate } = budgeted;
  for (;;) {
    const wasOpen = hasOpenParts();
    // Before the request: what it has reserved is given back if the run is stopped meanwhile.
    ledger.open[key] = { hasBegun: false };
    if (await record(state, run, { key, credits: estimate.credits.high }, `Reserve the credits of part ${part}`)) {
      budget.estimate = addEstimates(budget.estimate, estimate);
      return true;
    }
    delete ledger.open[key];
    if (!wasOpen && ledger.settlements.length === 0) {
      ledger.isReached = true;
      return false;
    }
    await condition(() => ledger.settlements.length > 0 || !hasOpenParts());
  }
}

/** Writes what is known of the parts that have ended, and reserves what the next one may cost. */
async function record(
  state: CorpusState,
  run: CorpusRun,
  part: { key: string; credits: number } | null,
  summary: string,
  isComplete = false,
): Promise<boolean> {
  const { creditsLedger: ledger } = state;
  const settlements = [...ledger.settlements];
  const { isReserved, spent } = await reserveCredits.executeWithOptions({ summary }, [
    { run, settlements, part, isComplete },
  ]);
  ledger.settlements = ledger.settlements.slice(settlements.length);
  if (state.budget !== null) state.budget.spent = spent;
  return isReserved;
}

export function beginPart({ creditsLedger }: CorpusState, { budgeted }: PlannedPart): void {
  if (budgeted !== null && budgeted.key in creditsLedger.open) creditsLedger.open[budgeted.key] = { hasBegun: true };
}

/**
 * What a part has cost. It is recorded with the next part, or at the end of the run. Until then its reservation counts, and for good if it may have a
 * batch that nobody knows.
 */
export function settlePart(
  state: CorpusState,
  { budgeted }: PlannedPart,
  { outcome, batchId, isBatchFailed, mayHaveBatch }: PartReport,
): void {
  if (state.budget === null || budgeted === null) return;
  state.budget.unbilled += outcome.unbilled;
  if (mayHaveBatch) return;
  delete state.creditsLedger.open[budgeted.key];
  const { spent } = outcome;
  state.creditsLedger.settlements.push({ key: budgeted.key, spent, batchId, isFailed: isBatchFailed });
}

/** Lists the files of a part that may not begin as left. */
export async function leavePart(state: CorpusState, run: CorpusRun, { part, segments, files, budgeted }: PlannedPart) {
  const { budget } = state;
  if (budget === null) return;
  const { maxCredits } = budget;
  const high = budgeted?.estimate.credits.high ?? 0;
  const message =
    high > maxCredits
      ? `it was not sent: it may cost ${Math.ceil(high)} credits, which is more than maxCredits (${maxCredits})`
      : `it was not sent: maxCredits (${maxCredits}) is reached`;
  const options = { summary: `Write the lines of part ${part}, which is left` };
  const nothing = { uploads: null, directoryId: null, batchId: null } as const;
  const unprocessed = { status: 'SKIPPED', error: { type: 'BudgetReached', message } } as const;
  const input = { run, segments, part, ...nothing, unprocessed };
  recordPart(state, part, await writePartLines.executeWithOptions(options, [input]));
  budget.filesLeft += files;
}

/**
 * Records what the parts have cost, and gives back what was reserved for parts that did not begin. A part that began and did not end by itself stays
 * reserved: it may have a batch. After a run that has left nothing, the next one begins at 0.
 */
export async function closeBudget(state: CorpusState, run: CorpusRun, isComplete: boolean): Promise<void> {
  const { budget, creditsLedger: ledger, opened, files } = state;
  const isDone = isComplete && files.skipped === 0;
  if (budget === null) {
    if (isDone && opened?.hasLedger === true) await record(state, run, null, 'Begin the budget at 0', true);
    return;
  }
  for (const [key, { hasBegun }] of Object.entries(ledger.open)) {
    if (!hasBegun) ledger.settlements.push({ key, spent: 0, batchId: null, isFailed: false });
  }
  await record(state, run, null, 'Record the credits', isDone);
}
