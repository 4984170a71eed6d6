import { cleanText } from '../../protocol/index.js';

/** Bounds a status, which a search attribute takes in 255 bytes. LlamaCloud adds statuses without notice: they are shown as they are. */
export function toStatus(status: string): string {
  return cleanText(status, 60);
}
