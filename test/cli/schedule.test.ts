import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { type CliEnvironment, parseFlags, startCliEnvironment } from './cli-environment.js';
import { readJson } from './cli-process.js';

let cliEnv: CliEnvironment;
let run: CliEnvironment['run'];
let finish: CliEnvironment['finish'];

beforeAll(async () => {
  cliEnv = await startCliEnvironment();
  ({ run, finish } = cliEnv);
});

afterAll(() => cliEnv?.close());

describe('schedule', () => {
  it('is created, listed, triggered, paused, resumed and deleted', async () => {
    const times = [
      '--cron',
      '0 2 * * *',
      '--time-zone',
      'Europe/Berlin',
      '--jitter',
      '5m',
      '--note',
      'while all sleep',
    ];
    const created = await run('schedule', 'create', '--id', 'nightly', ...times, ...parseFlags('dir-6'));
    expect(created).toMatchObject({ code: 0, stderr: '' });
    expect(created.stdout).toMatch(/^Created schedule nightly\. Next run: \d{4}-/);
    const twice = await run('schedule', 'create', '--id', 'nightly', ...times, ...parseFlags('dir-6'));
    expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining('A schedule with this id already exists') });

    await listed((schedule) => schedule?.note === 'while all sleep');
    expect(await run('schedule', 'trigger', 'nightly')).toMatchObject({ code: 0 });
    await finish('dir-6');
    await listed((schedule) => schedule?.lastRun?.workflowId.startsWith('nightly-') ?? false);
    expect(await run('schedule', 'pause', 'nightly')).toMatchObject({ code: 0 });
    await listed((schedule) => schedule?.paused === true && schedule.nextRun === null);
    expect(await run('schedule', 'resume', 'nightly')).toMatchObject({ code: 0 });
    await listed((schedule) => schedule?.paused === false && schedule.nextRun !== null);
    expect(await run('schedule', 'delete', 'nightly')).toMatchObject({ code: 0 });
    await listed((schedule) => schedule === undefined);
    const gone = await run('schedule', 'trigger', 'nightly');
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: The schedule does not exist/) });
  });

  it('shows no next run for a schedule that is created paused', async () => {
    const args = ['schedule', 'create', '--id', 'asleep', '--every', '6h', '--paused', ...parseFlags('dir-6')];
    expect(readJson(await run(...args, '--json'))).toEqual({ ok: true, scheduleId: 'asleep', nextRun: null });
    expect(await run('schedule', 'delete', 'asleep')).toMatchObject({ code: 0 });
  });

  it('says what Temporal does not accept', async () => {
    const { code, stderr } = await run(
      'schedule',
      'create',
      '--id',
      'odd',
      '--cron',
      'whenever',
      ...parseFlags('dir-6'),
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: The schedule is not valid: .*Cron/);
  });
});

interface Schedule {
  readonly id: string;
  readonly paused: boolean;
  readonly nextRun: string | null;
  readonly note: string | null;
  readonly lastRun: { readonly workflowId: string } | null;
}

/** Temporal lists schedules with a delay. */
async function listed(holds: (schedule: Schedule | undefined) => boolean): Promise<void> {
  await until('the list to follow', async () => {
    const { schedules } = readJson<{ schedules: Schedule[] }>(await run('schedule', 'list', '--json'));
    return holds(schedules.find(({ id }) => id === 'nightly'));
  });
}
