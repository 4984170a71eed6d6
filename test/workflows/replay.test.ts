import { readdir, readFile } from 'node:fs/promises';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { WORKFLOW_TYPES } from '../../src/index.js';
import '../support/quiet.js';

const HISTORIES = new URL('../histories/', import.meta.url);

/** What runs of earlier versions did: a worker of this version has to be able to go on with each of them. */
describe('kept histories', async () => {
  const names = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json')).sort();
  const workflowBundle = { codePath: inject('workflowBundle') };
  const read = async (name: string) => historyFromJSON(JSON.parse(await readFile(new URL(name, HISTORIES), 'utf8')));

  async function* readAll() {
    for (const name of names) {
      const history = await read(name);
      // Children are named after their parent.
      const { workflowId } = history.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
      yield { history, workflowId: workflowId ?? name };
    }
  }

  const errors: (Error | undefined)[] = [];

  // One worker for all of them: its start takes longer than a replay.
  beforeAll(async () => {
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, readAll())) errors.push(error);
    expect(errors).toHaveLength(names.length);
  });

  test.each(names)('%s replays', (name) => {
    expect(errors[names.indexOf(name)]).toBeUndefined();
  });

  test('there is one of every workflow', async () => {
    const histories = await Promise.all(names.map(read));
    const types = histories.map(
      ({ events }) => events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '',
    );
    expect([...new Set(types)].sort()).toEqual(Object.values(WORKFLOW_TYPES).sort());
  });

  test('a history of another workflow does not replay', async () => {
    const history = await read(names[0] ?? '');
    const types = history.events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType);
    const scheduled = types?.find((type) => type != null);
    if (scheduled == null) throw new Error(`${names[0]} has no activity`);
    scheduled.name = 'somethingElse';
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toBeInstanceOf(
      DeterminismViolationError,
    );
  });
});
