/**
 * The response shapes, as LlamaCloud sends them. Objects are loose: keys that we do not know pass through, and so do
 * statuses (a string, not an enum), because LlamaCloud adds both without notice. Ids are non-empty strings and nothing
 * more: not all of them are UUIDs.
 */
import { z } from 'zod';

const id = z.string().min(1);
const optionalText = z.string().nullish();

/** The type is open: one row of a type that is new must not take the others with it. */
const jobReferenceSchema = z.looseObject({ id, type: z.string().min(1) });

const batchResultSchema = z.looseObject({
  source_directory_file_id: id,
  job_reference: jobReferenceSchema.nullish(),
  error_message: optionalText,
});
export type BatchResult = z.infer<typeof batchResultSchema>;

export const batchSchema = z.looseObject({
  id,
  project_id: z.string(),
  source_directory_id: id,
  config: z.looseObject({ job: z.looseObject({ type: z.string(), configuration_id: id }) }),
  status: z.string().min(1),
  created_at: optionalText,
  updated_at: optionalText,
  results: z.array(batchResultSchema).nullish(),
});
/** A batch (`bat-...`). */
export type Batch = z.infer<typeof batchSchema>;

const usageSchema = z.looseObject({ credits: z.number().nullish() }).nullish();

export const parseJobSchema = z.looseObject({
  id,
  status: z.string().min(1),
  project_id: z.string().nullish(),
  name: optionalText,
  tier: optionalText,
  error_message: optionalText,
  created_at: optionalText,
  updated_at: optionalText,
  usage: usageSchema,
});
export type ParseJob = z.infer<typeof parseJobSchema>;

export const extractJobSchema = z.looseObject({
  id,
  status: z.string().min(1),
  project_id: z.string().nullish(),
  file_input: z.string().nullish(),
  configuration_id: optionalText,
  error_message: optionalText,
  extract_result: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).nullish(),
  created_at: optionalText,
  updated_at: optionalText,
  usage: usageSchema,
});
export type ExtractJob = z.infer<typeof extractJobSchema>;

const markdownPageSchema = z.union([
  z.looseObject({ page_number: z.number(), success: z.literal(true).optional(), markdown: z.string() }),
  z.looseObject({ page_number: z.number(), success: z.literal(false), error: z.string() }),
]);

const contentMetadataSchema = z.looseObject({
  size_bytes: z.number(),
  exists: z.boolean().optional(),
  presigned_url: z.string().nullish(),
});

export const parseResultSchema = z.looseObject({
  job: parseJobSchema,
  markdown: z.looseObject({ pages: z.array(markdownPageSchema) }).nullish(),
  text: z.looseObject({ pages: z.array(z.looseObject({ page_number: z.number(), text: z.string() })) }).nullish(),
  items: z.looseObject({ pages: z.array(z.unknown()) }).nullish(),
  markdown_full: z.string().nullish(),
  text_full: z.string().nullish(),
  result_content_metadata: z.record(z.string(), contentMetadataSchema).nullish(),
});
/** A parse job with what was expanded. */
export type ParseResult = z.infer<typeof parseResultSchema>;

export const directoryFileSchema = z.looseObject({ id, display_name: z.string(), deleted_at: optionalText });
export type DirectoryFile = z.infer<typeof directoryFileSchema>;

/** A page of a list, of items of the given schema. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.looseObject({
    items: z.array(item),
    next_page_token: z.string().nullish(),
    total_size: z.number().nullish(),
  });
}

/** One page of a list; `next_page_token` asks for the next, and is missing or null on the last. */
export interface Page<T> {
  items: T[];
  next_page_token?: string | null | undefined;
  total_size?: number | null | undefined;
}
