import { z } from 'zod';
import type { Prices } from '../../protocol/index.js';

/** 1,000 configurations are far below Temporal's limit on a payload. */
const MAX_ENTRIES = 1_000;

const credits = z.number().nonnegative();

function table<T extends z.ZodType>(value: T) {
  return z
    .record(z.string().max(200), value)
    .refine((entries) => Object.keys(entries).length <= MAX_ENTRIES, `must not have more than ${MAX_ENTRIES} entries`);
}

const range = z
  .strictObject({ low: credits, high: credits })
  .refine(({ low, high }) => low <= high, 'low must not be more than high');

/** Strict, so that a misspelt name is an error, not a price that is not known. */
export const pricesSchema = z.strictObject({
  date: z.string().max(100),
  source: z.string().max(1_000),
  currency: z.string().max(10),
  perThousandCredits: credits,
  parse: table(credits),
  extract: table(credits),
  configurations: table(z.union([credits, range])).exactOptional(),
}) satisfies z.ZodType<Prices>;
