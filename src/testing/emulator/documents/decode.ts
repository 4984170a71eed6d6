import { DocumentError } from './parsed.js';

// First bytes of common binary formats.
const SIGNATURES: readonly (readonly [kind: string, hex: string])[] = [
  ['a PNG image', '89504e470d0a1a0a'],
  ['a JPEG image', 'ffd8ff'],
  ['a GIF image', '47494638'],
  ['a TIFF image', '49492a00'],
  ['a TIFF image', '4d4d002a'],
  ['a ZIP archive or an Office document', '504b0304'],
  ['an old Office document', 'd0cf11e0a1b11ae1'],
  ['a gzip archive', '1f8b'],
  ['a 7z archive', '377abcaf271c'],
  ['a program', '7f454c46'],
];

/** Decodes a text file: UTF-16 with a byte order mark, UTF-8, else windows-1252. Throws for a binary format, and names it. */
export function decodeText(bytes: Uint8Array, name: string): string {
  const kind = detectBinaryFormat(bytes);
  if (kind !== undefined) throw unsupported(name, kind);
  const mark = Buffer.from(bytes.subarray(0, 2)).toString('hex');
  if (mark === 'fffe' || mark === 'feff') {
    const text = tryDecode(bytes, mark === 'fffe' ? 'utf-16le' : 'utf-16be');
    if (text !== undefined) return text;
  }
  const text = tryDecode(bytes, 'utf-8') ?? (hasControlBytes(bytes) ? undefined : tryDecode(bytes, 'windows-1252'));
  if (text === undefined) throw unsupported(name, 'an unknown binary format');
  return text;
}

function unsupported(name: string, kind: string): DocumentError {
  return new DocumentError(`${name} is ${kind}; the emulator parses PDF, Markdown and text`);
}

function detectBinaryFormat(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  return SIGNATURES.find(([, hex]) => start.startsWith(hex))?.[0];
}

function tryDecode(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function hasControlBytes(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x20) || byte === 0x7f);
}
