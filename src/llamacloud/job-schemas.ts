import { z } from 'zod';
import type { Redact } from './redact.js';
import { errorMessageSchema, listPageSchema, optionalText, optionalTime, pathId } from './schema-fields.js';

type Schemas = ReturnType<typeof createJobSchemas>;

export type ParseJob = z.infer<Schemas['parseJob']>;
export type ExtractJob = z.infer<Schemas['extractJob']>;
/** A parse job with its expanded fields. */
export type ParseResult = z.infer<Schemas['parseResult']>;

/** A page of a parse result, in `markdown` or `text`. */
export interface DocumentPage {
  page_number?: number | undefined;
  /** `false` if the page could not be parsed. Then `error` says why. */
  success?: boolean | undefined;
  markdown?: string | undefined;
  text?: string | undefined;
  error?: string | null | undefined;
}

const usage = z
  // z.number() accepts only finite numbers.
  .looseObject({ credits: z.number().nonnegative().nullish().catch(null) })
  .nullish()
  .catch(undefined);

const object = z.custom<object>((value) => typeof value === 'object' && value !== null);

const contentMetadata = z
  .looseObject({
    size_bytes: z.int().nonnegative().optional().catch(undefined),
    presigned_url: optionalText,
  })
  .optional()
  .catch(undefined);

/** @param redact Removes secrets from the error messages in the responses. */
export function createJobSchemas(redact: Redact) {
  const errorMessage = errorMessageSchema(redact);
  const job = {
    id: pathId.optional().catch(undefined),
    status: z.string().min(1),
    error_message: errorMessage,
    usage,
    created_at: optionalTime,
  };
  const parseJob = z.looseObject({
    ...job,
    /** What was given as `userMetadata` when the job was created. */
    user_metadata: z.record(z.string(), z.string()).nullish().catch(undefined),
  });
  const extractJob = z.looseObject({
    ...job,
    /** The file (`dfl-...`) or parse job (`pjb-...`) that the job extracts from. */
    file_input: optionalText,
    configuration_id: optionalText,
    /** An object, or an array of objects. */
    extract_result: object.nullish().catch(undefined),
  });
  // In a list, a job without an id can't be matched to anything.
  const listed = { id: pathId };
  /** Only the id of a new job is needed: a rejected response would lose a job that costs money. */
  const created = { id: pathId, status: z.string().min(1).catch('PENDING') };
  // The status in the response of a cancel is not used: the job is read again.
  const cancelled = { status: z.string().min(1).catch('UNKNOWN') };
  const documentPages = z
    .looseObject({ pages: z.array(documentPageSchema(errorMessage)) })
    .nullish()
    .catch(undefined);
  const parseResult = z.looseObject({
    job: parseJob,
    markdown: documentPages,
    text: documentPages,
    items: z
      .looseObject({ pages: z.array(z.unknown()) })
      .nullish()
      .catch(undefined),
    result_content_metadata: z.record(z.string(), contentMetadata).nullish().catch(undefined),
  });
  return {
    parseJob,
    extractJob,
    parseResult,
    parseJobs: listPageSchema(parseJob.extend(listed)),
    extractJobs: listPageSchema(extractJob.extend(listed)),
    createdParseJob: parseJob.extend(created),
    createdExtractJob: extractJob.extend(created),
    cancelledParseJob: parseJob.extend(cancelled),
    cancelledExtractJob: extractJob.extend(cancelled),
  };
}

/** An invalid page stays in the list, without its text: to leave it out would hide the gap. */
function documentPageSchema(errorMessage: ReturnType<typeof errorMessageSchema>) {
  const page = z.looseObject({
    page_number: z.number().optional().catch(undefined),
    success: z.boolean().optional().catch(undefined),
    markdown: z.string().optional().catch(undefined),
    text: z.string().optional().catch(undefined),
    error: errorMessage,
  });
  return z.union([page, z.unknown().transform((): DocumentPage => ({}))]);
}
