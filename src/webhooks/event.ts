import { z } from 'zod';

/** What a webhook says. Only the id of the event and its time are used, and the batch id where nothing else names the run. */
export interface WebhookEvent {
  readonly id: string;
  /** Such as `batch.success`. */
  readonly type: string;
  /** When LlamaCloud has made it, in milliseconds of the epoch. */
  readonly createdAtMs: number;
  /** `bat-...`, if `data.id` can be one. */
  readonly batchId: string | undefined;
}

const eventSchema = z.object({
  event_id: z.string().min(1).max(200),
  event_type: z
    .string()
    .regex(/^[\w.-]{1,60}$/)
    .catch('unknown'),
  /** Seconds of the epoch, with a fraction. */
  timestamp: z.number(),
  // What `data` of a batch's event holds is not published. The id becomes a part of a query, so it may have no quotes.
  data: z
    .object({ id: z.string().regex(/^[\w-]{1,100}$/) })
    .optional()
    .catch(undefined),
});

/** Reads a body. Returns `undefined` if it is no event. */
export function readEvent(body: Uint8Array): WebhookEvent | undefined {
  const { success, data: event } = eventSchema.safeParse(parseJson(Buffer.from(body).toString('utf8')));
  if (!success) return undefined;
  return { id: event.event_id, type: event.event_type, createdAtMs: event.timestamp * 1_000, batchId: event.data?.id };
}

/** With the output format `string`, which is LlamaCloud's default, the event is JSON in a string of JSON. */
function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? JSON.parse(value) : value;
  } catch {
    return undefined;
  }
}
