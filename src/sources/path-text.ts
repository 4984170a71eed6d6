/** Paths as text. File systems have bytes, which need not be UTF-8. */
import { isUtf8 } from 'node:buffer';

/** A byte from 0x80 that is not UTF-8 becomes a lone surrogate: this plus the byte. */
const ESCAPE_BASE = 0xdc00;

const MAX_SEQUENCE_LENGTH = 4;

/** Decodes a path. Different bytes become different texts. */
export function toPathText(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString('utf8');
  let text = '';
  for (let start = 0; start < bytes.length; ) {
    const length = sequenceLength(bytes, start);
    if (length === 0) text += String.fromCharCode(ESCAPE_BASE + (bytes[start] ?? 0));
    else text += Buffer.from(bytes.subarray(start, start + length)).toString('utf8');
    start += Math.max(1, length);
  }
  return text;
}

/** Bytes of the character at `start`; 0 if it is none. */
function sequenceLength(bytes: Uint8Array, start: number): number {
  for (let length = 1; length <= MAX_SEQUENCE_LENGTH && start + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(start, start + length))) return length;
  }
  return 0;
}

/** The bytes of a path that {@link toPathText} has decoded. */
export function toPathBytes(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, 'utf8');
  return Buffer.concat(Array.from(path, toCharacterBytes));
}

function toCharacterBytes(character: string): Buffer {
  const byte = character.charCodeAt(0) - ESCAPE_BASE;
  const isEscape = character.length === 1 && byte >= 0x80 && byte <= 0xff;
  return isEscape ? Buffer.from([byte]) : Buffer.from(character, 'utf8');
}

/** The order of paths: by their bytes. It is the order in which S3 lists keys. */
export function comparePaths(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(toPathBytes(a), toPathBytes(b));
}
