import type { OutputStore, WriteOptions } from '../../outputs/index.js';
import type { ManifestLine } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { readEarlierLines } from '../results/finished-files.js';
import { manifestKey, runFolder } from '../support/output-keys.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { type ManifestPart, type ManifestRun, writePart } from './manifest-parts.js';

export interface WriteManifestInput extends ManifestPart, ManifestRun {
  /** Files of this part. */
  lines: ManifestLine[];
  /** The run has skipped files, or LlamaCloud returned no results. */
  isPartial: boolean;
  /** Documents that the whole manifest lists. */
  documentCount: number;
}

/**
 * Step 9: writes a part of the manifest (JSON lines), and after the last part the manifest. It is written beside the documents, but
 * a partial one to the folder of its run, since it must not replace the manifest of a run that processed every file. The same if
 * the manifest that is there lists more documents.
 *
 * @returns The location of the manifest.
 */
export function writeManifest({ outputs }: ActivityDeps) {
  return (input: WriteManifestInput): Promise<string> => {
    const { batchId, firstRunId, isLast, lines, documentCount } = input;
    return runAttempt('store', `manifest of batch ${batchId}`, async ({ signal }) => {
      await assertSameStore(outputs, input.storeId);
      const folder = runFolder(batchId, firstRunId);
      const batchManifest = manifestKey([batchId]);
      const isPartial =
        input.isPartial || (isLast && (await readEarlierLines(outputs, batchId)).finished.size > documentCount);
      if (!isPartial) return writePart(outputs, { manifest: batchManifest, folder }, input, lines, { signal });
      const manifest = manifestKey(folder);
      const location = await writePart(outputs, { manifest, folder }, input, lines, { signal });
      if (isLast) await copyIfMissing(outputs, manifest, batchManifest, { signal });
      return location;
    });
  };
}

/** A partial manifest is better than none: a run with `onlyMissing` reads the batch's. */
async function copyIfMissing(outputs: OutputStore, from: string[], to: string[], options: WriteOptions): Promise<void> {
  if ((await outputs.size(to)) !== undefined) return;
  const content = await outputs.read(from);
  if (content !== undefined) await outputs.write(to, content, options);
}
