import { z } from 'zod';
import { listPageSchema, optionalText, optionalTime } from './schema-fields.js';

const directoryFile = z.looseObject({
  id: z.string().min(1),
  display_name: z.string(),
  created_at: optionalTime,
  deleted_at: optionalText,
});
/** A file of a directory (`dfl-...`). */
export type DirectoryFile = z.infer<typeof directoryFile>;

export const directoryFilesSchema = listPageSchema(directoryFile);
