import { describe, expect, test } from 'vitest';
import { findPermanentReason } from '../../../src/activities/redrive/permanent-failure.js';

describe('failures that no other job would mend', () => {
  test.each([
    ['Job failed: UNSUPPORTED_FILE_TYPE', 'type'],
    ['Unsupported file type.', 'type'],
    ['this file format is not supported', 'type'],
    ['PDF_IS_PROTECTED', 'protected'],
    ['The document requires a password', 'protected'],
    ['NO_DATA_FOUND_IN_FILE', 'empty'],
    ['the file is empty (0 bytes)', 'empty'],
    ['PDF_IS_BROKEN', 'damaged'],
    ["the PDF can't be read: no trailer", 'damaged'],
    ['the document is corrupted', 'damaged'],
    ['File too large: 600 MB', 'too large'],
  ])('are told from those that may pass: %s', (message, reason) => {
    expect(findPermanentReason(message, 'a.pdf')).toContain(reason);
  });

  test.each([
    '',
    'LlamaCloud gave no reason',
    'Internal Server Error',
    'DOCUMENT_PIPELINE_ERROR',
    'timeout after 1800 s',
    'rate limit exceeded',
    'connection broken',
    'an unsupported number of requests at a time',
  ])('do not include: %s', (message) => {
    expect(findPermanentReason(message, '')).toBeNull();
  });

  test('are not told by the name of the file', () => {
    expect(
      findPermanentReason('Could not parse corrupted file is empty.pdf: timeout', 'corrupted file is empty.pdf'),
    ).toBeNull();
  });
});
