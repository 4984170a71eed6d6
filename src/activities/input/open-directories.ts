import type { DirectoriesRequest, ProcessDirectoriesInput } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { checkDirectoriesInput } from './directories.js';

export interface OpenedDirectories extends DirectoriesRequest {
  /** Output store that the run writes to. */
  storeId: string;
}

/**
 * Validates the whole input before anything is sent: each batch would find the same fault by itself, ten thousand times. What it
 * returns leaves the directories out, since they are in history already.
 */
export function openDirectories({ outputs }: ActivityDeps) {
  return (input: ProcessDirectoriesInput): Promise<OpenedDirectories> =>
    runAttempt('store', 'the output store', async () => ({
      ...checkDirectoriesInput(input),
      storeId: await outputs.id(),
    }));
}
