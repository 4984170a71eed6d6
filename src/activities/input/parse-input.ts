import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import { cleanText } from '../../protocol/index.js';

/** A list may have thousands of wrong items: the first 20 leave room for the other fields. */
const MAX_ISSUES_PER_FIELD = 20;

/** @throws `InvalidInput` naming every wrong field. */
export function parseInput<T extends z.ZodType>(schema: T, input: unknown, workflow: string): z.infer<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const countByField = new Map<PropertyKey | undefined, number>();
  const shown = issues.filter(({ path: [field] }) => {
    const count = (countByField.get(field) ?? 0) + 1;
    countByField.set(field, count);
    return count <= MAX_ISSUES_PER_FIELD;
  });
  const fields = shown.map(({ path, message }) => cleanText(`${path.join('.') || '(input)'}: ${message}`));
  if (shown.length < issues.length) fields.push(`and ${issues.length - shown.length} more`);
  throw invalidInput(workflow, fields, 'Nothing was sent to LlamaCloud.');
}

export function invalidInput(workflow: string, fields: string[], consequence: string): ApplicationFailure {
  const message = `The input of ${workflow} is not valid. ${fields.join('; ')}. ${consequence}`;
  return ApplicationFailure.nonRetryable(message, 'InvalidInput', { fields });
}
