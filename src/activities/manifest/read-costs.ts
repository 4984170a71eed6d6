/** What the files of a manifest have cost: of a corpus, of a batch, or of a run over many directories. */
import { z } from 'zod';
import type { OutputStore } from '../../outputs/index.js';
import { manifestKey } from '../support/output-keys.js';
import { readLines } from './json-lines.js';

export interface FileCost {
  /** Folder of the source, or the LlamaCloud directory or batch. */
  directory: string;
  /** UTC day on which it was processed; `null` if the manifest does not say. */
  day: string | null;
  /** `null`: there may be a bill that was not recorded when the manifest was written. */
  credits: number | null;
}

const credits = z.number().nonnegative().nullable();
const fileSchema = z.object({ jobId: z.string().nullable(), status: z.string(), credits });
const corpusSchema = fileSchema.extend({ path: z.string(), processedAt: z.string().optional() });
const batchSchema = fileSchema.extend({ fileId: z.string() });
const directorySchema = z.object({ directoryId: z.string(), batchId: z.string().nullable(), files: z.unknown() });

/** A file that has cost something, or may have. Files that LlamaCloud has made no job for have not; nor have failed jobs. */
function mayCost({ jobId, status, credits }: z.infer<typeof fileSchema>): boolean {
  return credits !== null || (jobId !== null && status !== 'FAILED');
}

/**
 * Reads what each file of a manifest has cost. For a run over many directories, reads the manifests of their batches.
 *
 * @param folder Names of the folders from the store's root to the manifest: of a corpus, of a batch, or of a run over many directories.
 */
export async function* readCosts(outputs: OutputStore, folder: readonly string[]): AsyncGenerator<FileCost> {
  for await (const json of readLines(outputs, manifestKey(folder))) {
    const corpus = corpusSchema.safeParse(json).data;
    const directory = directorySchema.safeParse(json).data;
    if (corpus !== undefined) {
      if (mayCost(corpus)) yield toFileCost(corpus);
    } else if (directory !== undefined) {
      if (directory.batchId !== null) yield* readBatchCosts(outputs, [directory.batchId], directory.directoryId);
    } else {
      // A line of a batch: all others are too.
      yield* readBatchCosts(outputs, folder, folder.at(-1) ?? '.');
      return;
    }
  }
}

function toFileCost({ path, processedAt, credits }: z.infer<typeof corpusSchema>): FileCost {
  const end = path.lastIndexOf('/');
  return { directory: end === -1 ? '.' : path.slice(0, end), day: processedAt?.slice(0, 10) ?? null, credits };
}

async function* readBatchCosts(
  outputs: OutputStore,
  folder: readonly string[],
  directory: string,
): AsyncGenerator<FileCost> {
  for await (const json of readLines(outputs, manifestKey(folder))) {
    const line = batchSchema.safeParse(json).data;
    if (line !== undefined && mayCost(line)) yield { directory, day: null, credits: line.credits };
  }
}
