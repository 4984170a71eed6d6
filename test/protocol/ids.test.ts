import { expect, test } from 'vitest';
import { isValidId } from '../../src/protocol/index.js';

test.each(['dir-1', 'a', 'x'.repeat(100), '...', '!~', '__proto__', 'constructor'])('%j is valid', (id) => {
  expect(isValidId(id)).toBe(true);
});

test.each([
  '',
  '.',
  '..',
  'a/b',
  ' a',
  'a ',
  'a b',
  'a\n',
  'a\0',
  'a\u007f',
  'é',
  '\u00a0',
  '\ud83d',
  '😀',
  'x'.repeat(101),
])('%j is not valid', (id) => {
  expect(isValidId(id)).toBe(false);
});
