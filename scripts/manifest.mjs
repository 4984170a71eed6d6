import { createHash } from 'node:crypto';

/** The lines of a manifest. @param content Text or bytes. */
export function parseLines(content) {
  return content
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** As the manifest has it: in hex. */
export function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}
