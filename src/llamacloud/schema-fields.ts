/**
 * Fields that several responses have. An optional field with an invalid value becomes `undefined`, so that one odd value does not fail a
 * batch. Objects are loose and statuses are strings, because LlamaCloud adds keys and statuses without notice.
 */
import { z } from 'zod';
import type { Redact } from './redact.js';
import { toText, truncate } from './text.js';

export const MAX_ID_BYTES = 200;

/** An id that is sent back in the path of a URL. Not all ids are UUIDs. */
export const pathId = z.string().refine(
  // `.` and `..` survive URL-encoding and would reach another route.
  (id) => id !== '' && Buffer.byteLength(id) <= MAX_ID_BYTES && id.isWellFormed() && !/\p{Cc}|^\.{1,2}$/u.test(id),
  { error: `it is not an id (1 to ${MAX_ID_BYTES} bytes, no control characters)` },
);

export const optionalText = z.string().nullish().catch(undefined);

/** A time that `Date.parse` can read. */
export const optionalTime = z
  .string()
  .refine((time) => !Number.isNaN(Date.parse(time)))
  .nullish()
  .catch(undefined);

/** Text or null. Any other value becomes its JSON, because it still says what went wrong. */
export function errorMessageSchema(redact: Redact) {
  return z
    .unknown()
    .transform((value): string | null | undefined => {
      if (value === null || value === undefined) return value;
      // Redact first: a cut could leave part of a secret, which is no longer recognized.
      const text = redact(toText(value));
      return typeof value === 'string' ? text : truncate(text);
    })
    .optional();
}

/** One page of a list. Invalid items are dropped. An invalid token is an error: without it the list would silently end early. */
export function listPageSchema<T extends z.ZodType>(item: T) {
  return z.looseObject({
    items: z.array(z.unknown()).transform((items) =>
      items.flatMap((value) => {
        const parsed = item.safeParse(value);
        return parsed.success ? [parsed.data] : [];
      }),
    ),
    next_page_token: z.string().nullish(),
  });
}

/** One page of a list. `next_page_token` gets the next page. It is missing or null on the last page. */
export interface Page<T> {
  items: T[];
  next_page_token?: string | null | undefined;
}
