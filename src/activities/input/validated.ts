import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';

/** A list may have thousands of wrong items, and a failure has to fit into history: enough to see what is wrong with it. */
const MOST_FIELDS = 100;

/** @throws `InvalidInput` naming every wrong field. */
export function validated<T extends z.ZodType>(schema: T, input: unknown, workflow: string): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const fields = issues.slice(0, MOST_FIELDS).map((issue) => `${issue.path.join('.') || '(input)'}: ${issue.message}`);
  if (issues.length > MOST_FIELDS) fields.push(`and ${issues.length - MOST_FIELDS} more`);
  throw invalidInput(workflow, fields, 'Nothing was sent to LlamaCloud.');
}

export function invalidInput(workflow: string, fields: string[], consequence: string): ApplicationFailure {
  const message = `The input of ${workflow} is not valid. ${fields.join('; ')}. ${consequence}`;
  return ApplicationFailure.nonRetryable(message, 'InvalidInput', { fields });
}
