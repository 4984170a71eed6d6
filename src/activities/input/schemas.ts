/** The fields that several inputs have, and how they are checked. */
import ms, { type StringValue } from 'ms';
import { z } from 'zod';
import {
  COLLECT_FORMATS,
  type CollectFormat,
  DEFAULT_POLL,
  hasFormat,
  JOB_TYPES,
  type JobType,
  LONGEST_POLL_MS,
  LONGEST_TIMEOUT_MS,
  SHORTEST_DELAY_MS,
} from '../../protocol/index.js';

/** Ids are any text, but `.` and `..` would survive in a URL's path and lead to another route. */
export const id = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .refine((value) => value !== '.' && value !== '..', 'must be an id');

/** Temporal's own durations: milliseconds, or a string that the `ms` package reads. */
export const duration = z
  .union([z.number(), z.string()], { error: 'must be a duration: milliseconds, or text such as "30 seconds"' })
  .transform((value, context) => {
    const parsed = typeof value === 'number' ? value : parseMs(value);
    if (parsed !== undefined && parsed >= SHORTEST_DELAY_MS && parsed <= LONGEST_TIMEOUT_MS) return parsed;
    const message = 'must be a duration of 1 second to 365 days, such as "30 seconds"';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const interval = duration.refine((value) => value <= LONGEST_POLL_MS, 'must not be more than 1 hour');

export const scope = { projectId: id.optional(), organizationId: id.optional() };

export const collect = z.enum(COLLECT_FORMATS).optional();
export const jobType = z.enum(JOB_TYPES);
export const batchJob = z.strictObject({ type: jobType, configurationId: id });

export const WRONG_FORMAT = 'does not fit the job type: parse_v2 has markdown, text and items, extract_v2 has record';

export function fits(type: JobType, format: CollectFormat | undefined): boolean {
  return format === undefined || hasFormat(type, format);
}

/**
 * A rule about several fields. Zod would leave it out while any other field is wrong, and a person would learn of it only
 * at the next try: it holds as soon as its own fields are right.
 */
export function must(field: string, message: string, others: string[]) {
  const own = [field, ...others];
  const when = ({ issues }: z.core.ParsePayload) =>
    issues.every(({ code, path }) =>
      path?.[0] === undefined ? code === 'unrecognized_keys' : !own.includes(String(path[0])),
    );
  return { path: [field], message, when };
}

export const poll = z
  .strictObject({
    initialInterval: interval.optional(),
    backoffCoefficient: z.number().min(1).max(10).optional(),
    maximumInterval: interval.optional(),
  })
  .refine(
    ({ initialInterval = DEFAULT_POLL.initialMs, maximumInterval = LONGEST_POLL_MS }) => {
      return initialInterval <= maximumInterval;
    },
    must('maximumInterval', 'must not be less than initialInterval', ['initialInterval']),
  )
  .optional();

function parseMs(text: string): number | undefined {
  return isDurationText(text) ? ms(text) : undefined;
}

/** `ms` throws for an empty text, and for one of more than 100 characters. */
function isDurationText(text: string): text is StringValue {
  return text.length > 0 && text.length <= 100;
}
