/** The record of what the runs over a corpus with `maxCredits` have spent since the last one that left nothing: `budget.json` in the output folder. */
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { OutputStore } from '../../outputs/index.js';
import type { Settlement } from '../../protocol/index.js';
import { corpusFolder } from '../support/output-keys.js';

const amount = z.number().nonnegative();

const entrySchema = z.object({
  /** When it was last reserved, ISO 8601. */
  at: z.string(),
  /** The upper estimate of a part that is under way, or that ended without a record of what it has cost. */
  reserved: amount,
  /** What each batch over the files of the part has cost. A part has several if one was FAILED, or its directory was gone. */
  batches: z.record(z.string(), z.object({ spent: amount, isFailed: z.boolean() })),
});
type LedgerEntry = z.infer<typeof entrySchema>;

const ledgerSchema = z.object({
  /** Manifest that the runs compare with. */
  generation: z.string(),
  /** Upper bound on the credits of a part: the parts of another run over the same manifest are the same. */
  partCredits: amount,
  /** By the key of the part. */
  parts: z.record(z.string(), entrySchema),
});
export type Ledger = z.infer<typeof ledgerSchema>;

function ledgerKey(output: string): string[] {
  return [...corpusFolder(output), 'budget.json'];
}

/** @throws a failure for good if the record is damaged: without it, more would be spent than is allowed. */
export async function readLedger(outputs: OutputStore, output: string): Promise<Ledger | undefined> {
  const key = ledgerKey(output);
  const content = await outputs.read(key);
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const ledger = ledgerSchema.safeParse(parseJson(Buffer.concat(chunks).toString('utf8'))).data;
  if (ledger !== undefined) return ledger;
  const message = `${outputs.locate(key)} is damaged: it says what was spent of maxCredits. Restore it, or remove it to begin at 0.`;
  throw ApplicationFailure.nonRetryable(message, 'OutputFailed');
}

export async function writeLedger(
  outputs: OutputStore,
  output: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  await outputs.write(ledgerKey(output), `${JSON.stringify(ledger, null, 2)}\n`, { signal });
}

/**
 * The bound on parts of a run that has not ended by itself over the same manifest: with the same bound, its parts are the same, and so are found again.
 */
export function findPartCredits(ledger: Ledger | undefined, generation: string): number | undefined {
  if (ledger?.generation !== generation) return undefined;
  return Object.values(ledger.parts).some(({ reserved }) => reserved > 0) ? ledger.partCredits : undefined;
}

/** What a part whose batch is not known has cost. */
const UNKNOWN_BATCH = 'unknown';

/** Records what parts have cost. The same settlement twice changes nothing. */
export function settle(ledger: Ledger, settlements: readonly Settlement[], at: string): void {
  for (const { key, spent, batchId, isFailed } of settlements) {
    const entry = ledger.parts[key] ?? { at, reserved: 0, batches: {} };
    entry.reserved = 0;
    if (spent > 0 || batchId !== null) entry.batches[batchId ?? UNKNOWN_BATCH] = { spent, isFailed };
    if (Object.keys(entry.batches).length > 0) ledger.parts[key] = entry;
    else delete ledger.parts[key];
  }
}

/** How long the batch of a part is found again. LlamaCloud removes its directory after about a day. */
const ADOPTED_MS = 12 * 60 * 60_000;

/**
 * Reserves what a part may cost, if it fits. The batch of an earlier execution is found and paid for nothing again, unless it is FAILED or old.
 *
 * @returns Whether it fits.
 */
export function reserve(
  ledger: Ledger,
  { key, credits, maxCredits }: { key: string; credits: number; maxCredits: number },
  nowMs: number,
): boolean {
  const entry: LedgerEntry = ledger.parts[key] ?? { at: new Date(nowMs).toISOString(), reserved: 0, batches: {} };
  const isRecent = nowMs - Date.parse(entry.at) < ADOPTED_MS;
  const isPaid = isRecent && Object.values(entry.batches).some(({ isFailed }) => !isFailed);
  const reserved = isPaid ? 0 : credits;
  if (sumLedger(ledger) - entry.reserved + reserved > maxCredits) return false;
  const at = isPaid ? entry.at : new Date(nowMs).toISOString();
  ledger.parts[key] = { ...entry, at, reserved };
  return true;
}

/** What was spent, with what is reserved. */
export function sumLedger({ parts }: Ledger): number {
  return Object.values(parts).reduce((sum, { reserved, batches }) => {
    return sum + reserved + Object.values(batches).reduce((spent, batch) => spent + batch.spent, 0);
  }, 0);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
