import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { OutputStore } from '../outputs/index.js';
import { type CollectFormat, defaultCollect, hasFormat, JOB_TYPES, type JobOutcome } from '../protocol/index.js';
import { documentKey } from './document.js';
import { manifestKey } from './manifest-parts.js';

/** The lines of a manifest that stand for a document; a line that does not fit is a file to be processed again. */
const finishedLine = z.object({
  fileId: z.string(),
  jobId: z.string(),
  jobType: z.enum(JOB_TYPES),
  status: z.literal('COMPLETED'),
  output: z.string().nullable(),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
  credits: z.number().nullable(),
});

/**
 * The files of a batch whose document is in the output store, by its manifest and by the size of what is there: for them
 * there is nothing to do. A file that a child of the caller's own finished without a document counts as well.
 */
export async function finishedFiles(
  outputs: OutputStore,
  batchId: string,
  collect: CollectFormat,
): Promise<ReadonlyMap<string, Partial<JobOutcome>>> {
  const finished = new Map<string, Partial<JobOutcome>>();
  const manifest = await outputs.read(manifestKey(batchId));
  if (manifest === undefined) return finished;
  for await (const text of createInterface({ input: Readable.from(manifest) })) {
    const line = finishedLine.safeParse(parsed(text));
    if (!line.success) continue;
    const { fileId, jobType, output, bytes, sha256, ...rest } = line.data;
    const format = hasFormat(jobType, collect) ? collect : defaultCollect(jobType);
    if (output === null || bytes === null || sha256 === null) finished.set(fileId, { jobId: rest.jobId });
    else if ((await outputs.size(documentKey(batchId, fileId, format))) === bytes) {
      finished.set(fileId, { fileId, output, bytes, sha256, ...rest });
    }
  }
  return finished;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
