import type { DirectoryEntry, DirectoryLine } from '../protocol/index.js';
import { attempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { type ManifestPart, writePart } from './manifest-parts.js';

export interface WriteDirectoriesInput extends ManifestPart {
  /** Of the run, and of all that it continues as. */
  firstRunId: string;
  /** Directories of this part, in the order of the input. */
  lines: DirectoryEntry[];
}

/** Writes a part of the combined manifest, and after the last part the whole. Returns where the whole is. */
export function writeDirectories({ outputs }: ActivityDeps) {
  return (input: WriteDirectoriesInput): Promise<string> => {
    const { firstRunId, lines } = input;
    return attempt('store', `manifest of the directories of run ${firstRunId}`, () =>
      writePart(outputs, `directories-${firstRunId}`, input, lines.map(wholeLine)),
    );
  };
}

function wholeLine(line: DirectoryEntry): DirectoryLine {
  const { directoryId, batchId = null, status, files = null, manifest = null, error = null } = line;
  return { directoryId, batchId, status, files, manifest, error };
}
