import type { DirectoryLine } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { type ManifestPart, manifestKey, writePart } from './manifest-parts.js';

export interface WriteDirectoriesInput extends ManifestPart {
  /** First run id of the run's chain of continue-as-new. */
  firstRunId: string;
  /** Output store of the run. */
  storeId: string;
  /** Directories of this part, in the order of the input. */
  lines: DirectoryLine[];
}

/** Writes a part of the combined manifest, and after the last part the whole. Returns where the whole is. */
export function writeDirectories({ outputs }: ActivityDeps) {
  return (input: WriteDirectoriesInput): Promise<string> => {
    const folder = `directories-${input.firstRunId}`;
    return runAttempt('store', `manifest of the directories of run ${input.firstRunId}`, async () => {
      await assertSameStore(outputs, input.storeId);
      return writePart(outputs, { whole: manifestKey(folder), partsFolder: [folder] }, input, input.lines);
    });
  };
}
