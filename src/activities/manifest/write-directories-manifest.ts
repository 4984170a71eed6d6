import type { DirectoryLine } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { directoriesFolder, manifestKey } from '../support/output-keys.js';
import { runAttempt } from '../support/run-attempt.js';
import { assertSameStore } from '../support/store-id.js';
import { type ManifestPart, writePart } from './manifest-parts.js';

export interface WriteDirectoriesManifestInput extends ManifestPart {
  /** Run id of the first run in the continue-as-new chain. */
  firstRunId: string;
  /** Id of the run's output store. */
  storeId: string;
  /** Directories of this part, in the order of the input. */
  lines: DirectoryLine[];
}

/** Writes a part of the manifest of a run over many directories. Returns the location of the manifest. */
export function writeDirectoriesManifest({ outputs }: ActivityDeps) {
  return (input: WriteDirectoriesManifestInput): Promise<string> => {
    const folder = directoriesFolder(input.firstRunId);
    return runAttempt('store', `manifest of the directories of run ${input.firstRunId}`, async ({ signal }) => {
      await assertSameStore(outputs, input.storeId);
      return writePart(outputs, { manifest: manifestKey(folder), folder }, input, input.lines, { signal });
    });
  };
}
