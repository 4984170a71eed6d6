import { isGone, presentFiles } from './directories.js';
import type { Directory } from './model.js';
import type { Project } from './project.js';

/** A directory of the emulator, read without a request. */
export interface EmulatedDirectory {
  /** `dir-...` */
  readonly id: string;
  readonly name: string;
  /** In the order in which they were added; those of `addDirectory` are sorted by `name`, their path. Ids are `dfl-...`. */
  readonly files: readonly EmulatedFile[];
}

export interface EmulatedFile {
  /** `dfl-...` */
  readonly id: string;
  /** Display name. Of a file of `addDirectory`: its path inside the directory. */
  readonly name: string;
  readonly uniqueId: string;
}

/** Reads directories without a request. */
export interface DirectoryControls {
  /** Every directory that is neither deleted nor expired, oldest first, with the files that are not deleted. */
  list(): readonly EmulatedDirectory[];
}

export function createDirectoryControls(project: Project): DirectoryControls {
  return {
    list: () =>
      project.directories
        .all()
        .filter((directory) => !isGone(directory))
        .map(directorySnapshot),
  };
}

export function directorySnapshot(directory: Directory): EmulatedDirectory {
  const files = presentFiles(directory).map(({ id, name, uniqueId }) => ({ id, name, uniqueId }));
  return { id: directory.id, name: directory.name, files };
}
