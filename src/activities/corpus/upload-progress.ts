/** What the attempts at the uploads of a part pass on, as heartbeat details. */
import { z } from 'zod';
import type { Attempt } from '../support/run-attempt.js';
import { type SentFile, toUniqueId } from './directory-uploads.js';
import type { PlannedFile } from './planned-files.js';

/** An upload that LlamaCloud has answered with an id. */
const acknowledgedSchema = z.object({
  fileId: z.string(),
  size: z.number(),
  sha256: z.string(),
  /** Left out if it is as it was planned. */
  changeToken: z.string().optional(),
});

/**
 * Files are keyed by their place in the plan, which is the same for all attempts: the paths of 1,000 files may have 700 kB, and Temporal
 * takes 2 MB. Times are epoch milliseconds.
 */
const progressSchema = z.object({
  /** The attempt that has saved it. */
  attempt: z.number(),
  /** The attempt has ended, and passes on all that it did. If not, its worker may have been lost, and may have sent more. */
  hasEnded: z.boolean(),
  /** When an upload was last sent: the list may lack it. */
  sentAtMs: z.number().nullable(),
  /** Whether an upload has ended without telling whether it took effect: it may also come late. */
  isUnknown: z.boolean(),
  /** Files that can't be uploaded, and why. They are not tried again. */
  rejected: z.record(z.string(), z.object({ type: z.string(), message: z.string() })),
  /** They are not sent again, whatever the list shows: each would be billed once more. */
  acknowledged: z.record(z.string(), acknowledgedSchema),
  /** How often a file was sent without telling whether it took effect, or that is being sent. */
  sends: z.record(z.string(), z.number()),
});
export type UploadProgress = z.infer<typeof progressSchema>;

/**
 * Goes on from the attempt before. Details are saved from time to time only: if they are not those with which the attempt before has ended,
 * it may have sent what they do not tell.
 *
 * @param isExisting Whether another execution may have sent uploads to the directory.
 */
export function toUploadProgress({ number, isFirst, nowMs, progress }: Attempt, isExisting: boolean): UploadProgress {
  const saved = progressSchema.safeParse(progress).data;
  const isKnown = saved === undefined ? isFirst && !isExisting : saved.hasEnded && saved.attempt === number - 1;
  return {
    attempt: number,
    hasEnded: false,
    sentAtMs: isKnown ? (saved?.sentAtMs ?? null) : nowMs,
    isUnknown: !isKnown || saved?.isUnknown === true,
    rejected: saved?.rejected ?? {},
    acknowledged: saved?.acknowledged ?? {},
    sends: saved?.sends ?? {},
  };
}

/** What LlamaCloud has acknowledged of a file. */
export function toAcknowledged(
  { acknowledged }: UploadProgress,
  index: number,
  { changeToken }: PlannedFile,
): SentFile | undefined {
  const sent = acknowledged[index];
  return sent === undefined ? undefined : { ...sent, changeToken: sent.changeToken ?? changeToken };
}

/** The `unique_id`s with which files were sent, by the ids that LlamaCloud has given them. */
export function toSentUniqueIds({ acknowledged }: UploadProgress, files: readonly PlannedFile[]): Map<string, string> {
  const uniqueIds = new Map<string, string>();
  for (const [index, { path }] of files.entries()) {
    const sent = acknowledged[index];
    if (sent !== undefined) uniqueIds.set(sent.fileId, toUniqueId(path));
  }
  return uniqueIds;
}
