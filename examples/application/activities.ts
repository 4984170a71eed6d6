import { readFile } from 'node:fs/promises';
import type { JobOutcome } from 'temporal-llamacloud';

/** Activities of your own: here, one that stands for a search index. */
export const indexing = {
  async addToIndex(document: JobOutcome): Promise<number> {
    const words = (await readFile(document.output, 'utf8')).split(/\s+/).length;
    console.log(`indexed ${words} words of ${document.output}`);
    return words;
  },
};
