import { readFile } from 'node:fs/promises';
import type { JobOutcome } from 'temporal-llamacloud';

/** An activity of the application. A real one would write to a search index. This one counts the words. */
export async function addToIndex({ output }: JobOutcome): Promise<number> {
  const words = (await readFile(output, 'utf8')).split(/\s+/).length;
  console.log(`Indexed ${words} words of ${output}`);
  return words;
}
