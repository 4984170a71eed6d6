import { z } from 'zod';
import type { OutputStore } from '../../outputs/index.js';
import {
  type CollectFormat,
  cleanText,
  defaultCollect,
  isValidId,
  JOB_TYPES,
  jsonBytes,
  MAX_LOCATION_BYTES,
  MAX_RETRY_FAILED,
  type ManifestLine,
  supportsFormat,
} from '../../protocol/index.js';
import { remoteId } from '../input/schemas.js';
import { readLines } from '../manifest/json-lines.js';
import { documentKey, manifestKey } from '../support/output-keys.js';

const boundedText = (maxBytes: number) => z.string().refine((text) => jsonBytes(text) <= maxBytes);

const previousJobs = z
  .array(z.object({ jobId: remoteId, credits: z.number().nonnegative().nullable() }))
  .min(1)
  .max(MAX_RETRY_FAILED);

/** A manifest line of a file that has a document. Anybody may have edited the manifest, so the line is bounded. */
const finishedLineSchema = z.object({
  fileId: z.string().refine(isValidId),
  name: z
    .string()
    .transform((name) => cleanText(name))
    .nullable(),
  jobId: boundedText(600),
  jobType: z.enum(JOB_TYPES),
  status: z.literal('COMPLETED'),
  output: boundedText(MAX_LOCATION_BYTES).nullable(),
  bytes: z.int().nonnegative().nullable(),
  sha256: boundedText(200).nullable(),
  credits: z.number().nonnegative().nullable(),
  error: z.null(),
  previousJobs: previousJobs.exactOptional(),
}) satisfies z.ZodType<ManifestLine>;

export type FinishedLine = z.infer<typeof finishedLineSchema>;

/** A line of a file that has got other jobs than that of the batch, whatever came of them. */
const redrivenLineSchema = z.object({
  fileId: z.string().refine(isValidId),
  jobId: remoteId,
  jobType: z.enum(JOB_TYPES),
  status: z.enum(['COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED']),
  previousJobs,
});

export type RedrivenLine = z.infer<typeof redrivenLineSchema>;

/** What an earlier run has left of a batch's files, by file id. */
export interface EarlierLines {
  /** Those that stand for a document. */
  finished: ReadonlyMap<string, FinishedLine>;
  /** Those of files with other jobs: the results of the batch name only the first one. */
  redriven: ReadonlyMap<string, RedrivenLine>;
}

/** Reads a batch's manifest. Other lines are left out, including damaged ones. */
export async function readEarlierLines(outputs: OutputStore, batchId: string): Promise<EarlierLines> {
  const finished = new Map<string, FinishedLine>();
  const redriven = new Map<string, RedrivenLine>();
  for await (const json of readLines(outputs, manifestKey([batchId]))) {
    const finishedLine = finishedLineSchema.safeParse(json).data;
    if (finishedLine !== undefined) finished.set(finishedLine.fileId, finishedLine);
    const redrivenLine = redrivenLineSchema.safeParse(json).data;
    if (redrivenLine !== undefined) redriven.set(redrivenLine.fileId, redrivenLine);
  }
  return { finished, redriven };
}

/**
 * Checks that the document of a manifest line is in the output store, by its size. Its key follows from the name in the line, and
 * not from its location, which is no longer right if the store was moved, nor from the name that the file has now.
 *
 * A file that a custom child workflow finished without a document counts as stored.
 */
export async function isStored(
  outputs: OutputStore,
  batchId: string,
  line: FinishedLine,
  collect: CollectFormat,
): Promise<boolean> {
  if (line.output === null) return true;
  const format = supportsFormat(line.jobType, collect) ? collect : defaultCollect(line.jobType);
  return (await outputs.size(documentKey(batchId, line, format))) === line.bytes;
}
