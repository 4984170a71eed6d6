import { readFile } from 'node:fs/promises';
import type { DirectoriesReport, DirectoryLine } from '../../src/index.js';

/** Input of a run that parses many directories. */
export function parseAll(directoryIds: string[]) {
  return { directoryIds, job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } } as const;
}

/** The lines of a combined manifest. */
export async function directoryLines({ manifest }: DirectoriesReport): Promise<DirectoryLine[]> {
  if (manifest === null) throw new Error('there is no manifest');
  const text = await readFile(manifest, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): DirectoryLine => JSON.parse(line));
}
