/** Schemas of the fields that several inputs have. */
import ms, { type StringValue } from 'ms';
import { z } from 'zod';
import {
  COLLECT_FORMATS,
  type CollectFormat,
  DEFAULT_POLL,
  isValidId,
  isValidTemporalName,
  JOB_TYPES,
  type JobType,
  MAX_ID_LENGTH,
  MAX_POLL_MS,
  MAX_TEMPORAL_NAME_BYTES,
  MAX_TIMEOUT_MS,
  MIN_DELAY_MS,
  supportsFormat,
} from '../../protocol/index.js';

/** An id that the caller gives. It becomes part of workflow ids and search attributes. */
export const id = z
  .string()
  .trim()
  .refine(isValidId, `must be an id: 1 to ${MAX_ID_LENGTH} printable ASCII characters, no spaces and no slashes`);

/** A workflow type or a task queue. */
export const temporalName = z
  .string()
  .trim()
  .refine(
    isValidTemporalName,
    `must be a name: 1 to ${MAX_TEMPORAL_NAME_BYTES} bytes, no control characters, no prefix that Temporal reserves`,
  );

/** An id that LlamaCloud gave. It is sent back unchanged, not even trimmed. */
export const remoteId = z
  .string()
  .min(1, 'must not be empty')
  .max(200)
  .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value), 'must not hold control characters')
  .refine((value) => value !== '.' && value !== '..', 'must be an id');

/** A duration as in Temporal's SDK: milliseconds, or a string that the `ms` package reads. */
export const duration = z
  .union([z.number(), z.string()], { error: 'must be a duration: milliseconds, or text such as "30 seconds"' })
  .transform((value, context) => {
    const parsed = typeof value === 'number' ? value : parseMs(value);
    if (parsed !== undefined && parsed >= MIN_DELAY_MS && parsed <= MAX_TIMEOUT_MS) return parsed;
    const message = 'must be a duration of 1 second to 365 days, such as "30 seconds"';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const interval = duration.refine((value) => value <= MAX_POLL_MS, 'must not be more than 1 hour');

export const scope = { projectId: id.optional(), organizationId: id.optional() };

export const collect = z.enum(COLLECT_FORMATS).optional();
export const jobType = z.enum(JOB_TYPES);
export const batchJob = z.strictObject({ type: jobType, configurationId: id });

export const UNSUPPORTED_FORMAT =
  'does not fit the job type: parse_v2 has markdown, text and items, extract_v2 has record';

export function isSupported(type: JobType, format: CollectFormat | undefined): boolean {
  return format === undefined || supportsFormat(type, format);
}

/**
 * Options of a rule about several fields. By default Zod skips such a rule while any field is wrong. This one is checked as soon
 * as the fields that it is about are valid, so that one validation names everything that is wrong.
 */
export function crossFieldRule(field: string, message: string, otherFields: string[]) {
  const fields = [field, ...otherFields];
  const when = ({ issues }: z.core.ParsePayload) =>
    issues.every(({ code, path }) =>
      path?.[0] === undefined ? code === 'unrecognized_keys' : !fields.includes(String(path[0])),
    );
  return { path: [field], message, when };
}

export const poll = z
  .strictObject({
    initialInterval: interval.optional(),
    latencyRatio: z.number().min(0).max(9).optional(),
    maximumInterval: interval.optional(),
  })
  .refine(
    ({ initialInterval = DEFAULT_POLL.initialInterval, maximumInterval = MAX_POLL_MS }) => {
      return initialInterval <= maximumInterval;
    },
    crossFieldRule('maximumInterval', 'must not be less than initialInterval', ['initialInterval']),
  )
  .optional();

function parseMs(text: string): number | undefined {
  return isDurationText(text) ? ms(text) : undefined;
}

/** `ms` throws for an empty text, and for more than 100 characters. */
function isDurationText(text: string): text is StringValue {
  return text.length > 0 && text.length <= 100;
}
