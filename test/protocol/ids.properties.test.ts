import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toPlainFileId } from '../../src/activities/results/file-id.js';
import { batchWorkflowId, directoriesWorkflowId } from '../../src/client/workflow-ids.js';
import {
  type BatchSpec,
  createBatchWorkflowId,
  isValidId,
  JOB_TYPES,
  processBatchWorkflowId,
} from '../../src/protocol/index.js';
import { anyText, longText, validId } from '../support/arbitraries.js';

/** Few characters, so that different specs are often almost equal. */
const shortId = fc.string({ unit: fc.constantFrom('a', '-'), minLength: 1, maxLength: 2 });
const id = fc.oneof(shortId, validId());
const type = fc.constantFrom(...JOB_TYPES);
const spec: fc.Arbitrary<BatchSpec> = fc.record({
  directoryId: id,
  job: fc.record({ type, configurationId: id }),
});

/** Two specs whose ids and types are the same text, joined by whatever stands in an id. */
const confusable: fc.Arbitrary<[BatchSpec, BatchSpec]> = fc
  .tuple(id, id, id, type, fc.constantFrom('', '-', '_', '.', ':', '~', '%2F', '\\', '|'))
  .map(([a, b, c, type, sign]) => [
    { directoryId: a, job: { type, configurationId: [b, type, c].join(sign) } },
    { directoryId: [a, type, b].join(sign), job: { type, configurationId: c } },
  ]);
const space = fc.constantFrom('', ' ', '\t', '\n ');

describe('the workflow id of a batch', () => {
  test('is the same for the same work, and another one for any other', () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(spec, spec), confusable), ([one, other]) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(createBatchWorkflowId(one) === createBatchWorkflowId(other)).toBe(isSame);
        expect(processBatchWorkflowId(one) === processBatchWorkflowId(other)).toBe(isSame);
        expect(createBatchWorkflowId(one)).not.toBe(processBatchWorkflowId(other));
      }),
      { numRuns: 300 },
    );
  });

  test('is the same with white space around the ids', () => {
    fc.assert(
      fc.property(spec, space, space, ({ directoryId, job }, before, after) => {
        const spaced = {
          directoryId: `${before}${directoryId}${after}`,
          job: { ...job, configurationId: `${after}${job.configurationId}${before}` },
        };
        expect(batchWorkflowId(spaced)).toBe(batchWorkflowId({ directoryId, job }));
      }),
    );
  });

  test('of many directories is the same in whatever order, and another one for any other set', () => {
    const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 5 });
    const reordered = ids.chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: 1 }), space));
    fc.assert(
      fc.property(reordered, spec, ([ids, others, space], { job }) => {
        const spaced = others.map((id) => `${space}${id}${space}`);
        const isSameSet = others.length === ids.length;
        const isSameId =
          directoriesWorkflowId({ directoryIds: spaced, job }) === directoriesWorkflowId({ directoryIds: ids, job });
        expect(isSameId).toBe(isSameSet);
      }),
    );
  });
});

describe('a file id, whatever LlamaCloud gives', () => {
  test('fits a workflow id, is taken as it is if it does already, and does not change the second time', () => {
    fc.assert(
      fc.property(fc.oneof(longText(), validId(100)), (given) => {
        const fileId = toPlainFileId(given);
        expect(isValidId(fileId)).toBe(true);
        expect(fileId).toMatch(/^[!-.0-~]{1,100}$/);
        expect(toPlainFileId(fileId)).toBe(fileId);
        if (isValidId(given)) expect(fileId).toBe(given);
      }),
    );
  });

  test('is another one for each file, also where ids differ in a character that is replaced', () => {
    const nearby = fc.tuple(longText(), fc.constantFrom('/', ' ', '_', '\0', '\ud83e', '\ud83d', '世', ''), longText());
    fc.assert(
      fc.property(nearby, fc.constantFrom('/', ' ', '_', '\0', '\udd99', '\ud83d', '界', ''), (parts, other) => {
        const [start, , end] = parts;
        const one = parts.join('');
        const two = `${start}${other}${end}`;
        expect(toPlainFileId(one) === toPlainFileId(two)).toBe(one === two);
      }),
    );
  });
});

test('an id is valid only if it is one segment of a URL, which leads to it and to nothing else', () => {
  const given = fc.oneof(validId(100), anyText(3), fc.constantFrom('.', '..', '...', '%2e', '%2E%2e', '/', '\\'));
  fc.assert(
    fc.property(given, (id) => {
      fc.pre(isValidId(id));
      const { pathname } = new URL(`https://api.example/files/${encodeURIComponent(id)}/content`);
      expect(pathname.split('/').map(decodeURIComponent)).toEqual(['', 'files', id, 'content']);
    }),
  );
});
