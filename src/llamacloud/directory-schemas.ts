import { z } from 'zod';
import { listPageSchema, optionalText, optionalTime } from './schema-fields.js';

/** An invalid item stays in the list: whoever compares the list with other lists has to know that there is such a file. */
const directoryFile = z
  .looseObject({
    id: z.string().min(1).nullable().catch(null),
    display_name: optionalText,
    created_at: optionalTime,
    deleted_at: optionalText,
  })
  .catch({ id: null });
/** A file of a directory (`dfl-...`). `id` is `null` if it cannot be used. */
export type DirectoryFile = z.infer<typeof directoryFile>;

export const directoryFilesSchema = listPageSchema(directoryFile);
