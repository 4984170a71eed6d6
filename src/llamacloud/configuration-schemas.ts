import { z } from 'zod';
import { optionalText } from './schema-fields.js';

export const configurationSchema = z.looseObject({
  id: z.string(),
  name: optionalText,
  /** When it was last saved. */
  version: optionalText,
  parameters: z.record(z.string(), z.unknown()).nullish().catch(undefined),
});
/** A saved configuration (`cfg-...`). */
export type Configuration = z.infer<typeof configurationSchema>;
