import { ApplicationFailure, DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { expect } from 'vitest';
import { checkBatchInput, resolveBatchInput, resolveJobInput } from '../../../src/activities/input/index.js';
import type { ProcessBatchInput, ProcessJobInput } from '../../../src/protocol/index.js';

export const BATCH = { directoryId: 'dir-1', job: { type: 'parse_v2', configurationId: 'cfg-1' } } as const;
export const JOB = { fileId: 'dfl-1', jobId: 'pjb-1', type: 'parse_v2', batchId: 'bat-1' } as const;

/** An input that may be anything at all, as it may come from the UI or the Temporal CLI. */
export function untyped<T>(value: unknown): T {
  return Reflect.get(Object({ value }), 'value');
}

export const resolved = (input: ProcessBatchInput) => resolveBatchInput(checkBatchInput(input));

/** What is said of each wrong field. The failure itself is always short, well-formed and final. */
export function wrongFields(validate: () => unknown): string[] {
  try {
    validate();
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    expect(error).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    const sent = new DefaultFailureConverter().errorToFailure(error, defaultPayloadConverter);
    expect(temporal.api.failure.v1.Failure.encode(sent).finish().length).toBeLessThan(30_000);
    expect(error.message.isWellFormed()).toBe(true);
    expect(error.message).not.toMatch(/\p{Cc}/u);
    const fields: unknown = Reflect.get(Object(error.details?.[0]), 'fields');
    if (!Array.isArray(fields)) throw new Error('there are no fields');
    const texts = fields.map(String);
    for (const text of texts) expect(error.message).toContain(text);
    return texts;
  }
  throw new Error('it is valid');
}

/** The same of an input that is rejected before anything is sent. */
export function wrongInput(validate: () => unknown): string[] {
  expect(validate).toThrow('Nothing was sent to LlamaCloud');
  return wrongFields(validate);
}

export const wrongBatch = (changes: object) =>
  wrongInput(() => resolved(untyped<ProcessBatchInput>({ ...BATCH, ...changes })));

export const wrongJob = (changes: object) =>
  wrongInput(() => resolveJobInput(untyped<ProcessJobInput>({ ...JOB, ...changes })));

export const namesOf = (fields: string[]) => fields.map((field) => field.slice(0, field.indexOf(':')));
