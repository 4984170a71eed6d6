import { z } from 'zod';
import { listPageSchema, optionalText, optionalTime, pathId } from './schema-fields.js';

const directory = z.looseObject({
  id: pathId,
  name: optionalText,
  /** `user`, `index` or `ephemeral`. */
  type: optionalText,
  created_at: optionalTime,
  /** When LlamaCloud may remove an ephemeral directory. */
  expires_at: optionalTime,
  deleted_at: optionalText,
});
/** A directory (`dir-...`). */
export type Directory = z.infer<typeof directory>;

/** An invalid item stays in the list: whoever looks for a directory has to know that there may be one. */
const listedDirectory = directory.extend({ id: pathId.nullable().catch(null) }).catch({ id: null });
/** A directory of a list. `id` is `null` if it cannot be used. */
export type ListedDirectory = z.infer<typeof listedDirectory>;

export const directorySchema = directory;
export const directoriesSchema = listPageSchema(listedDirectory);

/** An invalid item stays in the list: whoever compares the list with other lists has to know that there is such a file. */
const directoryFile = z
  .looseObject({
    id: z.string().min(1).nullable().catch(null),
    /** What the file is called by who added it, such as its path. LlamaCloud makes one up if it is not given. */
    unique_id: optionalText,
    display_name: optionalText,
    /** Id of the stored content. Of the same file in two directories it is the same. */
    file_id: optionalText,
    /** What was given as `metadata` when the file was added. */
    metadata: z.record(z.string(), z.unknown()).nullish().catch(undefined),
    created_at: optionalTime,
    updated_at: optionalTime,
    deleted_at: optionalText,
  })
  .catch({ id: null });
/** A file of a directory (`dfl-...`). `id` is `null` if it cannot be used. */
export type DirectoryFile = z.infer<typeof directoryFile>;

export const directoryFilesSchema = listPageSchema(directoryFile);

/** The response to an upload. Only the id is needed. */
export const uploadedFileSchema = directoryFile.unwrap().extend({ id: pathId });
/** A file that was uploaded to a directory (`dfl-...`). */
export type UploadedFile = z.infer<typeof uploadedFileSchema>;
