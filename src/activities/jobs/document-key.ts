import type { CollectFormat } from '../../protocol/index.js';

/** Where the document of a file goes. */
export function documentKey(batchId: string, fileId: string, format: CollectFormat): string[] {
  return [batchId, `${fileId}.${EXTENSIONS[format]}`];
}

const EXTENSIONS = { markdown: 'md', text: 'txt', items: 'json', record: 'json' } as const satisfies Record<
  CollectFormat,
  string
>;
