import { createHash } from 'node:crypto';
import { isValidId } from '../../protocol/index.js';

/**
 * Replaces a file id that does not fit into workflow ids, by the same id each time. File ids are never sent to LlamaCloud, so the
 * original is not needed.
 */
export function toPlainFileId(fileId: string): string {
  if (isValidId(fileId)) return fileId;
  // Of UTF-16: in UTF-8 all lone surrogates are the same.
  const hash = createHash('sha256').update(fileId, 'utf16le').digest('hex').slice(0, 16);
  const start = fileId.slice(0, 60).replace(/[^\x21-\x2e\x30-\x7e]/g, '_');
  return `${start}~${hash}`;
}
