import type { DirectoriesRequest, ProcessDirectoriesInput } from '../../protocol/index.js';
import { resolveDirectoriesInput } from './directories.js';

/**
 * Validates the whole input before anything is sent. Otherwise each of up to 10,000 batches would fail with the same wrong
 * field. The result omits the directories, since the workflow's input has them.
 */
export async function openDirectories(input: ProcessDirectoriesInput): Promise<DirectoriesRequest> {
  return resolveDirectoriesInput(input);
}
