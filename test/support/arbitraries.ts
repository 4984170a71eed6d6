/** Values for property tests. */
import fc from 'fast-check';

/** What file systems, shells, terminals and parsers have trouble with. */
export const TROUBLE = [
  ...[
    '',
    '.',
    '..',
    '/',
    '\\',
    '../',
    '~',
    '-',
    '_',
    ' ',
    '%2F',
    '%',
    ':',
    '*',
    '?',
    '"',
    "'",
    '<',
    '>',
    '|',
    '`',
    '$(',
  ],
  ...[
    '\0',
    '\n',
    '\r',
    '\t',
    '\u001b[31m',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u00ad',
    '\u200d',
    '\u2028',
    '\u202e',
    '\ufeff',
  ],
  ...[
    'con',
    'NUL',
    'com1',
    'LPT¹',
    'aux.',
    'é',
    'e\u0301',
    '\u0301',
    '世',
    '🦙',
    '👨\u200d👩\u200d👧',
    '\ud83e',
    '\udd99',
  ],
];

/** Any UTF-16 code unit: half a surrogate pair as well. */
const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 }) },
  { weight: 3, arbitrary: fc.constantFrom(...TROUBLE) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: codeUnit },
);

/**
 * Any text, of ordinary characters and of the worst.
 *
 * @param maxPieces A piece has up to 8 characters.
 */
export function anyText(maxPieces = 12): fc.Arbitrary<string> {
  return fc.array(piece, { maxLength: maxPieces }).map((pieces) => pieces.join(''));
}

/** Any text, also one of some thousand characters. */
export function longText(): fc.Arbitrary<string> {
  const repeated = fc.tuple(anyText(3), fc.integer({ min: 1, max: 400 })).map(([text, count]) => text.repeat(count));
  return fc.oneof(
    anyText(),
    fc.tuple(anyText(3), repeated, anyText(3)).map((parts) => parts.join('')),
  );
}

const ID_CHARACTERS = Array.from({ length: 0x7e - 0x20 }, (_, index) => String.fromCharCode(0x21 + index));

/** An id that is valid in workflow ids and paths. */
export function validId(maxLength = 12): fc.Arbitrary<string> {
  return fc
    .string({
      unit: fc.constantFrom(...ID_CHARACTERS.filter((character) => character !== '/')),
      minLength: 1,
      maxLength,
    })
    .filter((id) => id !== '.' && id !== '..');
}

/** Any value that JSON can hold. */
export function anyJson(): fc.Arbitrary<unknown> {
  return fc.jsonValue({ maxDepth: 3, stringUnit: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 1 }), codeUnit) });
}
