import { z } from 'zod';
import type { OutputStore } from '../../outputs/index.js';
import {
  type CollectFormat,
  defaultCollect,
  JOB_TYPES,
  type ManifestLine,
  supportsFormat,
} from '../../protocol/index.js';
import { documentKey } from '../jobs/document-key.js';
import { readLines } from '../manifest/json-lines.js';
import { manifestKey } from '../manifest/manifest-parts.js';

/** The lines of a manifest that stand for a document; a line that does not fit is a file to be processed again. */
const finishedLineSchema = z.object({
  fileId: z.string(),
  name: z.string().nullable(),
  jobId: z.string(),
  jobType: z.enum(JOB_TYPES),
  status: z.literal('COMPLETED'),
  output: z.string().nullable(),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
  credits: z.number().nullable(),
  error: z.null(),
});

/**
 * The files of a batch whose document is in the output store, by its manifest and by the size of what is there: for them
 * there is nothing to do. A file that a child of the caller's own finished without a document counts as well.
 */
export async function readFinishedFiles(
  outputs: OutputStore,
  batchId: string,
  collect: CollectFormat,
): Promise<ReadonlyMap<string, ManifestLine>> {
  const finished = new Map<string, ManifestLine>();
  for await (const json of readLines(outputs, manifestKey(batchId))) {
    const line = finishedLineSchema.safeParse(json).data;
    if (line === undefined) continue;
    const { fileId, jobType, output, bytes } = line;
    const format = supportsFormat(jobType, collect) ? collect : defaultCollect(jobType);
    const isThere = output === null || (await outputs.size(documentKey(batchId, fileId, format))) === bytes;
    if (isThere) finished.set(fileId, line);
  }
  return finished;
}
