import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';

/** @throws `InvalidInput` naming every wrong field. */
export function validated<T extends z.ZodType>(schema: T, input: unknown, workflow: string): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(input)'}: ${issue.message}`);
  throw invalidInput(workflow, fields, 'Nothing was sent to LlamaCloud.');
}

export function invalidInput(workflow: string, fields: string[], consequence: string): ApplicationFailure {
  const message = `The input of ${workflow} is not valid. ${fields.join('; ')}. ${consequence}`;
  return ApplicationFailure.nonRetryable(message, 'InvalidInput', { fields });
}
