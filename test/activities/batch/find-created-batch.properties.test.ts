import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActivities } from '../../../src/activities/index.js';
import type { BatchToCreate } from '../../../src/activities/types.js';
import { DirectoryStore } from '../../../src/outputs/index.js';
import { LIST_LAG_MS } from '../../../src/protocol/index.js';
import { anyJson, anyText } from '../../support/arbitraries.js';
import { clientOfFetch, type Reply } from '../../support/client-of-fetch.js';
import { failureOf, run } from '../support.js';

let respond: (request: Request) => Reply;
const llamacloud = clientOfFetch((request) => respond(request));
/** Of a worker whose requests have not paused. */
const newActivities = () => createActivities({ llamacloud, outputs: new DirectoryStore('/nowhere') });

const WORK: BatchToCreate = { directoryId: 'dir-1', job: { type: 'parse_v2', configurationId: 'cfg-1' }, scope: {} };

/** A batch of the account, and what LlamaCloud lets us see of it. */
interface World {
  id: string;
  directoryId: string;
  type: string;
  configurationId: string;
  createdAt: string | undefined;
  /** Whether the list says what the batch processes. */
  isDescribed: boolean;
  /** Status of the response for the batch by itself. 0: the response is no batch. */
  getStatus: number;
  /** Whether it was there before the first POST. */
  isPreexisting: boolean;
}

/** From docs/guarantees.md, "Limits": with another 4xx the batch counts as one of somebody else. */
const MAY_PASS = [401, 402, 408, 425, 429, 500, 503];
const REJECTED = [400, 403, 404, 409, 410, 422];

const mine = { directoryId: 'dir-1', type: 'parse_v2', configurationId: 'cfg-1' };
const ofOthers = fc.constantFrom(
  { ...mine, directoryId: 'dir-2' },
  { ...mine, type: 'extract_v2' },
  { ...mine, configurationId: 'cfg-2' },
);
const batch = fc
  .record({
    work: fc.oneof(fc.constant(mine), ofOthers),
    createdAt: fc.option(
      fc.nat(9).map((second) => `2026-01-01T10:00:0${second}Z`),
      { nil: undefined, freq: 8 },
    ),
    isDescribed: fc.boolean(),
    getStatus: fc.oneof(
      { weight: 6, arbitrary: fc.constant(200) },
      { weight: 2, arbitrary: fc.constantFrom(0, ...REJECTED) },
      { weight: 2, arbitrary: fc.constantFrom(...MAY_PASS) },
    ),
    isPreexisting: fc.boolean(),
  })
  .map(({ work, ...rest }) => ({ ...work, ...rest }));
const world = fc
  .array(batch, { maxLength: 5 })
  .map((batches) => batches.map((batch, index): World => ({ id: `bat-${index}`, ...batch })));

const toBody = ({ id, directoryId, type, configurationId, createdAt }: World) => ({
  id,
  status: 'RUNNING',
  created_at: createdAt,
  source_directory_id: directoryId,
  config: { job: { type, configuration_id: configurationId } },
});

/** LlamaCloud has these batches, in pages of this size. Its filter by directory may be ignored. */
function setWorld(batches: World[], pageSize: number): void {
  const listed = batches.map((batch) => {
    const { id, status, created_at, ...spec } = toBody(batch);
    return { id, status, created_at, ...(batch.isDescribed ? spec : {}) };
  });
  respond = ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    const one = batches.find(({ id }) => pathname.endsWith(`/batches/${id}`));
    if (one !== undefined && one.getStatus === 200) return { body: toBody(one) };
    if (one !== undefined) return one.getStatus === 0 ? { body: ['none'] } : { status: one.getStatus, body: '' };
    const start = Number(searchParams.get('page_token') ?? 0);
    const end = start + pageSize;
    return {
      body: { items: listed.slice(start, end), ...(end < listed.length ? { next_page_token: String(end) } : {}) },
    };
  };
}

/** `adopt` one of these batches, `wait` and look again, or there is `none`: the next POST may be sent. */
type Decision = { adopt: string[] } | 'wait' | 'none';

/**
 * What is promised, from docs/guarantees.md: a new batch of the same work is ours. One of which nothing can be known for now may be
 * ours. The oldest is taken. Without one the list is waited for as long as it may lag.
 */
function decide(batches: World[], ageMs: number, wait: boolean): Decision {
  const isNew = batches.filter(({ isPreexisting }) => !isPreexisting);
  if (isNew.some(({ isDescribed, getStatus }) => !isDescribed && MAY_PASS.includes(getStatus))) return 'wait';
  const ours = isNew.filter(
    ({ isDescribed, getStatus, ...batch }) => (isDescribed || getStatus === 200) && isOurs(batch),
  );
  const oldest = ours.map(({ createdAt = '' }) => createdAt).sort()[0];
  if (ours.length > 0) return { adopt: ours.filter(({ createdAt = '' }) => createdAt === oldest).map(({ id }) => id) };
  return wait && ageMs < LIST_LAG_MS ? 'wait' : 'none';
}

function isOurs({
  directoryId,
  type,
  configurationId,
}: Pick<World, 'directoryId' | 'type' | 'configurationId'>): boolean {
  return directoryId === WORK.directoryId && type === WORK.job.type && configurationId === WORK.job.configurationId;
}

describe('after a POST whose response was lost', () => {
  const age = fc.oneof(fc.constantFrom(0, LIST_LAG_MS - 1, LIST_LAG_MS), fc.nat(2 * LIST_LAG_MS));

  test('a batch that could be ours is adopted or waited for, and only without one the next POST is sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        age,
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        async (world, ageMs, wait, pageSize) => {
          setWorld(world, pageSize);
          const batchIds = world.filter(({ isPreexisting }) => isPreexisting).map(({ id }) => id);
          const input = { ...WORK, preexisting: { sinceMs: 0, batchIds, withoutId: 0 }, wait };
          const found = run(newActivities().findCreatedBatch, input, { ageMs, number: ageMs === 0 ? 1 : 2 });
          const decision = decide(world, ageMs, wait);
          if (decision === 'wait') expect((await failureOf(found)).nonRetryable).toBe(false);
          else if (decision === 'none') expect(await found).toBeNull();
          else expect(decision.adopt).toContain((await found)?.batchId);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('every batch that could be ours and is there before the first POST is known later, and is then not taken', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.integer({ min: 1, max: 4 }), async (world, pageSize) => {
        const readable = world.map((batch) => ({ ...batch, getStatus: 200 }));
        setWorld(readable, pageSize);
        const preexisting = await run(newActivities().listRecentBatches, WORK);
        const couldBeOurs = world.filter((batch) => !batch.isDescribed || isOurs(batch));
        expect([...preexisting.batchIds].sort()).toEqual(couldBeOurs.map(({ id }) => id).sort());
        const find = { ...WORK, preexisting, wait: false };
        expect(await run(newActivities().findCreatedBatch, find)).toBeNull();
        setWorld(
          [
            { id: 'bat-new', ...mine, createdAt: undefined, isDescribed: false, getStatus: 200, isPreexisting: false },
            ...readable,
          ],
          pageSize,
        );
        expect(await run(newActivities().findCreatedBatch, find)).toMatchObject({ batchId: 'bat-new' });
      }),
      { numRuns: 40 },
    );
  });
});

describe('the POST', () => {
  const status = fc.oneof(fc.constantFrom(200, 201, 408, 409, 425, 429, 500, 503), fc.integer({ min: 200, max: 599 }));
  const body = fc.oneof(
    anyJson(),
    anyText(),
    anyJson().map((id) => ({ id, status: 'PENDING' })),
    fc.record({ id: fc.constant('bat-1') }),
    fc.constant('{"id": "bat-1", "sta'),
  );

  test('never says that nothing was created where a batch may be there, and never loses an id that was given', async () => {
    await fc.assert(
      fc.asyncProperty(status, body, async (status, body) => {
        respond = () => ({ status, body });
        const posted = run(newActivities().postBatch, WORK);
        const isGiven = status < 300 && ![204, 205].includes(status) && toJson(body)?.id === 'bat-1';
        if (isGiven) expect((await posted).batchId).toBe('bat-1');
        else {
          const outcome = await posted.catch((error: unknown) => error);
          // Another id of the body is as good.
          if (!(outcome instanceof ApplicationFailure)) return;
          // A rejection is the only response that rules a batch out.
          const isRejected = status >= 400 && status < 500 && status !== 408;
          const details = { mayHaveCreatedBatch: false, ...Object(outcome.details?.[0]) };
          expect(details).toMatchObject({ mayHaveCreatedBatch: !isRejected });
          expect(outcome.nonRetryable).toBe(true);
        }
      }),
    );
  });

  test('that breaks leaves a batch possible, unless the connection was never made', async () => {
    const refused = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'];
    const code = fc.constantFrom(
      ...refused,
      'ECONNRESET',
      'EPIPE',
      'ETIMEDOUT',
      'UND_ERR_SOCKET',
      'UND_ERR_HEADERS_TIMEOUT',
    );
    await fc.assert(
      fc.asyncProperty(code, fc.string(), async (code, message) => {
        respond = () => {
          throw new TypeError('fetch failed', { cause: Object.assign(new Error(message), { code }) });
        };
        const failure = await failureOf(run(newActivities().postBatch, WORK));
        expect(failure.details?.[0]).toMatchObject({ mayHaveCreatedBatch: !refused.includes(code) });
      }),
      { numRuns: 40 },
    );
  });

  test('is sent by the first attempt only: a later one says that a batch may be there, and sends nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 500, max: 100_000 }),
        async (number, ageMs) => {
          let sent = 0;
          respond = () => {
            sent += 1;
            return {
              body: toBody({
                id: 'bat-1',
                ...mine,
                createdAt: undefined,
                isDescribed: true,
                getStatus: 200,
                isPreexisting: false,
              }),
            };
          };
          const failure = await failureOf(run(newActivities().postBatch, WORK, { number, ageMs }));
          expect(failure.details?.[0]).toMatchObject({ mayHaveCreatedBatch: true });
          expect(sent).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});

function toJson(body: unknown): { id?: unknown } | undefined {
  try {
    return Object(typeof body === 'string' ? JSON.parse(body) : body);
  } catch {
    return undefined;
  }
}
