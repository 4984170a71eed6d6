/**
 * LlamaCloud gives no code for why a job FAILED, only a text, which it may change. Some texts have a code of its troubleshooting page in them. What no
 * pattern fits counts as a failure that another job may mend: the number of jobs is bounded anyway.
 */
const PERMANENT: readonly { pattern: RegExp; reason: string }[] = [
  {
    pattern:
      /UNSUPPORTED_FILE_TYPE|unsupported (file|document|format|type|media)|(type|format) (is )?(not supported|unsupported)/i,
    reason: 'LlamaCloud does not take files of its type',
  },
  {
    pattern: /PDF_IS_(PROTECTED|ENCRYPTED)|password|\bencrypted\b|\bDRM\b/i,
    reason: 'the file is protected',
  },
  {
    pattern: /NO_DATA_FOUND_IN_FILE|(file|document) is empty|empty (file|document)|\b0 bytes\b|has no (pages|content)/i,
    reason: 'the file is empty',
  },
  {
    pattern:
      /PDF_IS_BROKEN|\bcorrupt(ed)?\b|\bdamaged\b|(invalid|malformed|broken|(is )?not? a?( valid)?) ?PDF\b|PDF can't be read/i,
    reason: 'the file is damaged',
  },
  {
    pattern: /(file|document) (is )?too large|too many pages|(file size|page) limit/i,
    reason: 'the file is too large',
  },
];

/**
 * Why another job of the same file would fail too; `null` if it may succeed.
 *
 * @param message `error_message` of the job.
 * @param name Of the file: a name such as `corrupted.pdf` in the message says nothing.
 */
export function findPermanentReason(message: string, name: string): string | null {
  const text = name === '' ? message : message.replaceAll(name, '');
  return PERMANENT.find(({ pattern }) => pattern.test(text))?.reason ?? null;
}
