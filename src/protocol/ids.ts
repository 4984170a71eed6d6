import { truncateUtf8 } from './text.js';

/** Printable ASCII without spaces, which every server takes in workflow ids and search attributes, and without `/`, which joins ids. */
const VALID_ID = /^[\x21-\x2e\x30-\x7e]+$/;

/** LlamaCloud's ids have 40 characters. A workflow id holds two ids, and some Temporal servers take 255 bytes only. */
export const MAX_ID_LENGTH = 100;

/** Whether an id can be part of a workflow id, a key of the output store and, URL-encoded, a path. `.` and `..` are not encoded. */
export function isValidId(id: string): boolean {
  return id.length <= MAX_ID_LENGTH && VALID_ID.test(id) && id !== '.' && id !== '..';
}

/** Temporal takes 1,000 bytes, and some servers 255. */
export const MAX_TEMPORAL_NAME_BYTES = 200;

/** Prefixes that Temporal reserves. */
const RESERVED_NAME = /^(__temporal_|\/_sys\/)/;

/** Whether this can be a workflow type or a task queue. A command with any other name fails the workflow task at every attempt. */
export function isValidTemporalName(name: string): boolean {
  const isText = name !== '' && name.isWellFormed() && !/\p{Cc}/u.test(name);
  return isText && truncateUtf8(name, MAX_TEMPORAL_NAME_BYTES) === name && !RESERVED_NAME.test(name);
}
