import type { ProcessDirectoriesInput, ResolvedDirectoriesInput } from '../../protocol/index.js';
import type { ActivityDeps } from '../deps.js';
import { runAttempt } from '../support/run-attempt.js';
import { hasSearchAttributes } from '../support/search-attributes.js';
import { checkDirectoriesInput } from './directories.js';

export interface OpenedDirectories extends ResolvedDirectoriesInput {
  /** Output store that the run writes to. */
  storeId: string;
  /** Whether the search attributes are registered in this namespace. */
  hasRunState?: boolean;
}

/**
 * Validates the whole input before anything is sent. Otherwise each of up to 10,000 batches would fail with the same mistake. The
 * result leaves out the directories: history has them as the workflow's input.
 */
export function openDirectories({ outputs }: ActivityDeps) {
  return (input: ProcessDirectoriesInput): Promise<OpenedDirectories> =>
    runAttempt('store', 'the output store', async () => ({
      ...checkDirectoriesInput(input),
      storeId: await outputs.id(),
      hasRunState: await hasSearchAttributes(),
    }));
}
