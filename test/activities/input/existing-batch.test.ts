import { describe, expect, test } from 'vitest';
import { checkBatchInput, resolveBatchInput } from '../../../src/activities/input/index.js';
import type { ProcessBatchInput } from '../../../src/protocol/index.js';
import { TARGETS } from '../../../src/testing/index.js';
import { addBatch, failing, run, startActivityEnvironment } from '../support.js';
import { BATCH, namesOf, wrongFields } from './invalid-input.js';

const CONFIG = { job: { type: 'extract_v2', configuration_id: 'cfg-2' } };
const OWN = { id: 'bat-1', status: 'RUNNING', source_directory_id: 'dir-2', config: CONFIG };

const wrong = (input: Partial<ProcessBatchInput>, own: typeof OWN) =>
  wrongFields(() => resolveBatchInput(checkBatchInput({ batchId: 'bat-1', ...input }), own));

describe('a batch that is adopted', () => {
  test('has its directory and its job', () => {
    expect(resolveBatchInput(checkBatchInput({ batchId: ' bat-1 ' }), OWN)).toMatchObject({
      batchId: 'bat-1',
      directoryId: 'dir-2',
      job: { type: 'extract_v2', configurationId: 'cfg-2' },
      collect: 'record',
    });
  });

  test('has to match what the input says of it', () => {
    const { job, directoryId } = BATCH;
    expect(wrong({ directoryId, job }, OWN)).toEqual([
      'directoryId: is dir-1, but the batch has dir-2',
      'job.type: is parse_v2, but the batch has extract_v2',
      'job.configurationId: is cfg-1, but the batch has cfg-2',
    ]);
    expect(namesOf(wrong({ collect: 'text' }, OWN))).toEqual(['collect']);
  });

  test('has to be of a known product', () => {
    const unknown = { ...OWN, config: { job: { ...CONFIG.job, type: 'split_v1' } } };
    expect(wrong({}, unknown)).toEqual(['batchId: its jobs are of the unknown type split_v1']);
  });

  test.each([' cfg-2', '..', 'c'.repeat(101), 'half \ud83d', 'a\0b', 'x'.repeat(1_900_000)])(
    'has to have ids that can be used as they are, and not %j',
    (id) => {
      const odd = { ...OWN, source_directory_id: id, config: { job: { type: 'parse_v2', configuration_id: id } } };
      expect(wrong({}, odd)).toEqual([
        'batchId: LlamaCloud gives no usable id of its configuration',
        'batchId: LlamaCloud gives no usable id of its directory',
      ]);
      // Nor does it help to say the same.
      expect(wrong({ directoryId: 'dir-2' }, odd)).toHaveLength(3);
    },
  );

  test('repeats nothing of LlamaCloud that is long, malformed or secret', () => {
    const type = `https://a.example/?sig=PLANTED\ud83d\0${'x'.repeat(1_900_000)}`;
    const fields = wrong({ job: BATCH.job }, { ...OWN, config: { job: { type, configuration_id: 'cfg-1' } } });
    expect(namesOf(fields)).toEqual(['job.type', 'batchId']);
    expect(fields.join()).not.toContain('PLANTED');
  });
});

/** What LlamaCloud may respond with for a batch that this package has not created. */
const ODD_RESPONSES = [
  ['no configuration', { config: undefined }],
  ['null as configuration', { config: null }],
  ['text as configuration', { config: 'cfg-1' }],
  ['a configuration without a job', { config: {} }],
  ['a list as job', { config: { job: [] } }],
  ['a number as type', { config: { job: { type: 5, configuration_id: 'cfg-1' } } }],
  ['a configuration without an id', { config: { job: { type: 'parse_v2' } } }],
  ['an empty id', { config: { job: { type: 'parse_v2', configuration_id: '' } } }],
] as const;

describe('openBatch of a batch', () => {
  test.each(ODD_RESPONSES)('with %s fails with an InvalidInput that says so', async (_, odd) => {
    const env = await startActivityEnvironment();
    const { id } = await addBatch(env);
    const batch = await env.llamacloud.getBatch(id);
    env.emulator.rewrite(TARGETS.getBatch, () => ({ ...batch, ...odd }));
    const failure = await failing(env.activities.openBatch, { batchId: id });
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(failure.message).toContain('batchId: LlamaCloud gives no usable id of its configuration');
    expect(failure.message).toContain('Nothing was started.');
  });

  test('that is there gives the whole input', async () => {
    const env = await startActivityEnvironment();
    const { id, directory } = await addBatch(env);
    const { input } = await run(env.activities.openBatch, { batchId: id });
    expect(input).toMatchObject({ batchId: id, directoryId: directory.id, job: { type: 'parse_v2' } });
  });
});
