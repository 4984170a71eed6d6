/**
 * Fields that several responses have. A field that this package can do without is dropped where it does not fit, so that one
 * odd value does not fail a batch. Objects are loose, and statuses are strings, because LlamaCloud adds keys and statuses
 * without notice.
 */
import { z } from 'zod';
import type { Redact } from './redact.js';
import { toText, truncate } from './text.js';

export const MAX_ID_LENGTH = 200;

/** An id that is sent back in a path: not all ids are UUIDs, but each must be able to be a path segment. */
export const usableId = z.string().refine(
  // `.` and `..` survive URL-encoding and would reach another route.
  (id) => id !== '' && id.length <= MAX_ID_LENGTH && id.isWellFormed() && !/\p{Cc}|^\.{1,2}$/u.test(id),
  { error: `it is not an id (1 to ${MAX_ID_LENGTH} characters, no control characters)` },
);

export const optionalText = z.string().nullish().catch(undefined);

/** A date that JavaScript cannot read is of no use to anyone who compares dates. */
export const optionalTime = z
  .string()
  .refine((time) => !Number.isNaN(Date.parse(time)))
  .nullish()
  .catch(undefined);

/** Text or null. Anything else becomes its JSON, because it still says what went wrong. */
export function errorMessageSchema(redact: Redact) {
  return z
    .unknown()
    .transform((value): string | null | undefined => {
      if (value === null || value === undefined) return value;
      // Redacted before it is cut: a cut may leave a part of a secret, which is no longer found.
      const text = redact(toText(value));
      return typeof value === 'string' ? text : truncate(text);
    })
    .optional();
}

/**
 * One page of a list. Items that do not fit are dropped. The token must fit: without it the list would end early, and
 * nobody would notice.
 */
export function listPageSchema<T extends z.ZodType>(item: T) {
  return z.looseObject({
    items: z.array(z.unknown()).transform((items) =>
      items.flatMap((each) => {
        const parsed = item.safeParse(each);
        return parsed.success ? [parsed.data] : [];
      }),
    ),
    next_page_token: z.string().nullish(),
    total_size: z.number().nullish().catch(undefined),
  });
}

/** One page of a list; `next_page_token` asks for the next, and is missing or null on the last. */
export interface Page<T> {
  items: T[];
  next_page_token?: string | null | undefined;
  total_size?: number | null | undefined;
}
