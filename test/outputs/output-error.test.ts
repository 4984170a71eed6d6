import { describe, expect, test } from 'vitest';
import { OutputError } from '../../src/outputs/index.js';

const MAX_CHARACTERS = 500;

describe('an OutputError', () => {
  test.each([
    ['/out/a.md', 'x'.repeat(10_000)],
    [`/${'deep/'.repeat(1_000)}a.md`, 'ENAMETOOLONG: name too long'],
    [`/${'\u{1F600}'.repeat(1_000)}`, `a${'\u{1F600}'.repeat(1_000)}`],
    [`/a${'\u{1F600}'.repeat(1_000)}`, '\ud800 a lone surrogate'],
  ])('has a well-formed message of at most 500 characters, %#', (location, message) => {
    const error = new OutputError('write', location, new Error(message));
    const { cause } = error;
    const texts = [error.message, cause instanceof Error ? cause.message : '', String(cause)];
    for (const text of texts) {
      expect(text.isWellFormed()).toBe(true);
      expect(text.length).toBeLessThanOrEqual(MAX_CHARACTERS);
    }
    expect(error.message).not.toContain('\ufffd\ufffd');
  });

  test('says both where and why, however long the path is', () => {
    const error = new OutputError('write', `/start/${'deep/'.repeat(1_000)}end.md`, new Error('ENOSPC: no space left'));
    expect(error.message).toMatch(/^Could not write \/start\/.*…(.*\/)end\.md: ENOSPC: no space left$/);
  });

  test('has a small cause: name, message, code and three lines of its stack', () => {
    const original = Object.assign(new TypeError('no room'), { code: 'ENOSPC', buffer: Buffer.alloc(1_000_000) });
    original.stack = ['TypeError: no room', ...Array.from({ length: 50 }, (_, i) => `    at line${i}`)].join('\n');
    const { cause } = new OutputError('write', '/out', original);
    if (!(cause instanceof Error)) throw new Error('the cause is no error');
    expect(cause).toMatchObject({ name: 'TypeError', message: 'no room', code: 'ENOSPC' });
    expect(cause.stack).toBe('TypeError: no room\n    at line0\n    at line1');
    expect(Object.keys(cause)).not.toContain('buffer');
    expect(cause.cause).toBeUndefined();
  });

  test('takes a reason in words as well', () => {
    const error = new OutputError('read', '/out/a', 'it is gone');
    expect(error.message).toBe('Could not read /out/a: it is gone');
    expect(error.cause).toBe('it is gone');
  });
});
