import { createHash } from 'node:crypto';

/** File systems take 255 bytes a name; the rest is for our own endings. */
const MAX_CHARACTERS = 180;

/** Names that Windows keeps for its devices, whatever their ending. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * One path segment for any string: ids come from outside, and must neither leave the folder nor be hidden, reserved or too
 * long. Ordinary ids stay as they are; different strings stay different.
 */
export function safeName(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\.|\.$/g, '%2E');
  const name = encoded === '' ? '%' : encoded;
  if (name.length <= MAX_CHARACTERS && !RESERVED.test(name) && text.isWellFormed()) return name;
  // Of UTF-16, since in UTF-8 all lone surrogates are the same.
  const hash = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16);
  return `${name.slice(0, MAX_CHARACTERS - hash.length - 1)}~${hash}`.replace(RESERVED, '%$&');
}
