import { createHash } from 'node:crypto';
import { truncateUtf8 } from '../protocol/index.js';

/** File systems take 255 bytes in a name. The rest is for the hash that `toDistinctName` appends. */
const MAX_NAME_BYTES = 238;

/** Invisible characters. Some reverse the direction of the text, so that `fdp.exe` looks like `exe.pdf`. */
const INVISIBLE = /\p{Cf}/gu;

/** Characters that Windows or Linux do not allow in a name, and line breaks. */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}<>:"/\\|?*]/gu;

/** No characters, a hidden file, an option of a command, a home folder, or an accent without its letter. */
const UNUSUAL_START = /^($|[.\-~\p{M}])/u;

/** Names that Windows reserves for devices, with any extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\.|$)/i;

/** The end of a name that `toDistinctName` has changed. */
const HASH_SUFFIX = /~[0-9a-f]{16}$/;

/**
 * Turns any text into a name that every file system takes as a single path segment, and that a person still recognizes:
 * `a/b.pdf` becomes `a_b.pdf`, and `..` becomes `_`. Different texts may become the same name.
 *
 * @param maxBytes Longer names are cut, and then end with `…`. UTF-8; default 238.
 */
export function toSafeName(text: string, maxBytes = MAX_NAME_BYTES): string {
  const allowed = text
    .replace(INVISIBLE, '')
    .toWellFormed()
    .normalize('NFC')
    .replace(FORBIDDEN, '_')
    .replace(/\p{Zs}/gu, ' ');
  // One byte is left for the `_` in front, unless there is one: a safe name must not be cut again.
  const room = allowed.startsWith('_') ? maxBytes : maxBytes - 1;
  // Windows drops dots and spaces at the end.
  const name = truncateUtf8(allowed, room)
    .trimStart()
    .replace(/[ .]+$/, '');
  return UNUSUAL_START.test(name) || DEVICE.test(name) ? `_${name}` : name;
}

/**
 * As {@link toSafeName}, but different texts become different names: a name that had to be changed gets a hash of its text.
 * On a file system that ignores case, names that differ in case alone are the same.
 */
export function toDistinctName(text: string): string {
  const name = toSafeName(text);
  if (name === text && !HASH_SUFFIX.test(text)) return name;
  // Of UTF-16: in UTF-8 all lone surrogates are the same.
  const hash = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16);
  return `${name}~${hash}`;
}
