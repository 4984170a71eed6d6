import { z } from 'zod';
import { listPageSchema, optionalText, optionalTime, pathId } from './schema-fields.js';

export const configurationSchema = z.looseObject({
  id: pathId,
  name: optionalText,
  /** `parse_v2`, `extract_v2` and more. */
  product_type: optionalText,
  /** A text that changes when the configuration does. Saving a configuration again under its name keeps its id. */
  version: optionalText,
  /** What the configuration says. The keys depend on the product. */
  parameters: z.unknown(),
  created_at: optionalTime,
  updated_at: optionalTime,
});
/** A saved configuration (`cfg-...`). */
export type Configuration = z.infer<typeof configurationSchema>;

export const configurationsSchema = listPageSchema(configurationSchema);
