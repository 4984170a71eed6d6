import { createHash } from 'node:crypto';
import { isValidId } from '../../protocol/index.js';

/**
 * Returns the id of a file, or of the job that stands for one, as it is if it fits into workflow ids and paths. Otherwise another one, the same
 * each time. What processes a batch sends no file id to LlamaCloud, so the original is not needed.
 */
export function toPlainFileId(fileId: string): string {
  if (isValidId(fileId)) return fileId;
  // Of UTF-16: in UTF-8 all lone surrogates are the same.
  const hash = createHash('sha256').update(fileId, 'utf16le').digest('hex').slice(0, 16);
  const start = fileId.slice(0, 60).replace(/[^\x21-\x2e\x30-\x7e]/g, '_');
  return `${start}~${hash}`;
}
