import type { z } from 'zod';
import { HttpError, invalid } from './http-error.js';

/** Reads a JSON body by a schema. Throws a 422 with one entry for each wrong field, as the API does. */
export function readJsonBody<T>(body: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw invalid(['body', 0], 'JSON decode error', 'json_invalid');
  }
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new HttpError(
    422,
    result.error.issues.map((issue) => ({
      loc: ['body', ...issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part))],
      msg: issue.input === undefined ? 'Field required' : issue.message,
      type: issue.input === undefined ? 'missing' : issue.code,
    })),
  );
}
