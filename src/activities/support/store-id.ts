import { OutputError, type OutputStore } from '../../outputs/index.js';

/**
 * Asserts that this worker writes to the output store of the run. Otherwise workers with different folders would split the documents
 * of one batch between them, and nobody would notice.
 *
 * @param expected Id of the run's store. `undefined`: not checked.
 * @throws OutputError, which is retried: another worker may have the right store.
 */
export async function assertSameStore(outputs: OutputStore, expected: string | undefined): Promise<void> {
  if (expected === undefined) return;
  const id = await outputs.id();
  if (id === expected) return;
  const problem = `it is not the output store of this run's first worker, whose id is ${expected}, not ${id}: all workers of a task queue need the same one`;
  throw new OutputError('use', outputs.root, problem);
}
