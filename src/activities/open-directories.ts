import type { DirectoriesRequest, ProcessDirectoriesInput } from '../protocol/index.js';
import { resolveDirectoriesInput } from './input/index.js';

/**
 * Validates the whole input before anything is sent: each batch would find the same fault by itself, ten thousand times. What it
 * returns leaves the directories out, since they are in history already.
 */
export async function openDirectories(input: ProcessDirectoriesInput): Promise<DirectoriesRequest> {
  return resolveDirectoriesInput(input);
}
