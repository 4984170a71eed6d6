import type { ManifestLine } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { type ManifestOfRun, type ManifestPart, manifestKey, partsFolder, writePart } from './manifest-parts.js';

export interface WriteManifestInput extends ManifestPart, ManifestOfRun {
  /** Files of this part, in the order of the batch's results. */
  lines: ManifestLine[];
  /** Are there files that were not tried? Then a manifest of the batch that is there already is left alone. */
  partial: boolean;
}

/**
 * Step 9: writes a part of the manifest (JSON lines), and after the last part the whole. Returns where the whole is: beside the
 * documents, or where it is partial in the folder of the run, so that the manifest of another run does not replace it either.
 */
export function writeManifest({ outputs }: ActivityDeps) {
  return (input: WriteManifestInput): Promise<string> => {
    const { batchId, firstRunId, partial, lines } = input;
    return runAttempt('store', `manifest of batch ${batchId}`, async () => {
      await assertSameStore(outputs, input.storeId);
      const own = partsFolder(batchId, firstRunId);
      const ofBatch = manifestKey(batchId);
      if (!partial) return writePart(outputs, { whole: ofBatch, partsFolder: own }, input, lines);
      const whole = [...own, 'manifest.jsonl'];
      const location = await writePart(outputs, { whole, partsFolder: own }, input, lines);
      // For `onlyFailed`.
      const content = input.last && (await outputs.size(ofBatch)) === undefined ? await outputs.read(whole) : undefined;
      if (content !== undefined) await outputs.write(ofBatch, content);
      return location;
    });
  };
}
