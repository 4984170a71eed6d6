import { describe, expect, test } from 'vitest';
import { AccountGate, bypassAccountGate, type RequestKind } from '../../../src/activities/account/account-gate.js';
import { AccountPaused } from '../../../src/activities/account/account-paused.js';
import { ConnectionError, HttpStatusError, UnexpectedResponseError } from '../../../src/llamacloud/index.js';
import { createContext } from '../support.js';

const REQUEST = { method: 'GET', path: '/api/v2/batches' };
const MINUTE = 60_000;

function ofStatus(status: number, retryAfterMs?: number): HttpStatusError {
  return new HttpStatusError({ status, detail: 'a reason', retryAfterMs }, REQUEST);
}

/** A gate whose clock and whose LlamaCloud are in the test's hands. */
function createGate() {
  const clock = { ms: Date.parse('2026-11-28T03:00:00Z') };
  const gate = new AccountGate({}, () => clock.ms);
  let sent = 0;
  /** Resolves to `sent`, `refused`, or the error of the response. */
  const request = async (kind: RequestKind, response?: Error): Promise<unknown> => {
    const before = sent;
    try {
      await createContext().run<[], void, () => Promise<void>>(() =>
        gate.run(kind, () => {
          sent += 1;
          return response === undefined ? Promise.resolve() : Promise.reject(response);
        }),
      );
      return 'sent';
    } catch (error) {
      return sent === before ? 'refused' : error;
    }
  };
  return { gate, clock, request, create: () => request('create'), read: () => request('read') };
}

/** The refusal itself. */
async function refusal({ gate }: ReturnType<typeof createGate>, kind: RequestKind): Promise<AccountPaused> {
  const error: unknown = await gate.run(kind, () => Promise.resolve()).catch((reason: unknown) => reason);
  if (error instanceof AccountPaused) return error;
  throw new Error('it was not refused');
}

describe('the gate of the account', () => {
  test('after a 402 to a create, nothing is created, and reads go on: they cost nothing', async () => {
    const env = createGate();
    const paused = await env.request('create', ofStatus(402));
    expect(paused).toBeInstanceOf(AccountPaused);
    expect(await env.create()).toBe('refused');
    expect(await env.read()).toBe('sent');
    // The read has shown nothing about creates.
    expect(await env.create()).toBe('refused');
  });

  test('after a 402 to a read, or a 401 to a key that has worked, nothing is sent', async () => {
    for (const status of [401, 402]) {
      const env = createGate();
      await env.read();
      expect(await env.request('read', ofStatus(status))).toBeInstanceOf(AccountPaused);
      expect([await env.create(), await env.read()]).toEqual(['refused', 'refused']);
    }
  });

  test('says since when, because of what, what to do, and when the next request is sent', async () => {
    const env = createGate();
    await env.request('create', ofStatus(402));
    const { message } = await refusal(env, 'create');
    expect(message).toMatch(
      /^No batch is created by any run of this worker since 2026-11-28T03:00:00Z\. The next request tests it at 2026-11-28T03:00:10Z\. Reason: LlamaCloud returned 402: a reason .*Add credits/,
    );
  });

  test('a 401 to a key that has never worked is what it is, however often it comes', async () => {
    const env = createGate();
    for (let n = 0; n < 10; n++) expect(await env.request('read', ofStatus(401))).toBeInstanceOf(HttpStatusError);
    expect(await env.read()).toBe('sent');
  });

  test.each([400, 403, 404, 409, 422])('a %i is about one request, however often it comes', async (status) => {
    const env = createGate();
    await env.read();
    for (let n = 0; n < 10; n++) {
      env.clock.ms += MINUTE;
      expect(await env.request('read', ofStatus(status))).toBeInstanceOf(HttpStatusError);
    }
    expect(await env.read()).toBe('sent');
  });

  test.each([
    ['500', ofStatus(500)],
    ['408', ofStatus(408)],
    ['429', ofStatus(429)],
    ['no response', new ConnectionError('No response from LlamaCloud', REQUEST)],
  ])(
    '%s pauses all requests after 3 minutes and 5 failures without one success, and stays what it is',
    async (_, error) => {
      const env = createGate();
      for (let n = 0; n < 10; n++) expect(await env.request('create', error)).toBe(error);
      env.clock.ms += 3 * MINUTE - 1;
      expect(await env.request('create', error)).toBe(error);
      // Not an `AccountPaused`: it may have created a batch.
      env.clock.ms += 1;
      expect(await env.request('create', error)).toBe(error);
      expect([await env.create(), await env.read()]).toEqual(['refused', 'refused']);
      expect((await refusal(env, 'read')).message).toContain('12 requests failed in 3 min');
    },
  );

  test('few failures are no outage, and neither are many with a success between them', async () => {
    const env = createGate();
    for (let n = 0; n < 4; n++) {
      env.clock.ms += 10 * MINUTE;
      await env.request('read', ofStatus(500));
    }
    expect(await env.read()).toBe('sent');
    for (let n = 0; n < 20; n++) {
      env.clock.ms += MINUTE;
      await env.request('read', ofStatus(500));
      if (n % 2 === 0) await env.read();
    }
    expect(await env.read()).toBe('sent');
  });

  test('lets one request through at a time, with growing time between them, up to 2 minutes', async () => {
    const env = createGate();
    await env.request('create', ofStatus(402));
    for (const seconds of [10, 20, 40, 80, 120, 120]) {
      env.clock.ms += seconds * 1_000 - 1;
      expect(await env.create()).toBe('refused');
      env.clock.ms += 1;
      const [first, second] = await Promise.all([env.request('create', ofStatus(402)), env.create()]);
      expect(first).toBeInstanceOf(AccountPaused);
      expect(second).toBe('refused');
    }
  });

  test('the success of that request ends the pause, and all go on', async () => {
    const env = createGate();
    await env.request('create', ofStatus(402));
    env.clock.ms += 10_000;
    expect([await env.create(), await env.create(), await env.read()]).toEqual(['sent', 'sent', 'sent']);
  });

  test('a request that LlamaCloud refuses for another reason ends the pause too', async () => {
    const env = createGate();
    await env.request('create', ofStatus(402));
    env.clock.ms += 10_000;
    expect(await env.request('create', ofStatus(422))).toMatchObject({ status: 422 });
    expect(await env.create()).toBe('sent');
  });

  test('one that says nothing about the account does not: it is lost, cancelled, or its body is not as documented', async () => {
    for (const error of [
      new ConnectionError('No response from LlamaCloud', REQUEST),
      new Error('aborted'),
      new UnexpectedResponseError('id', 'it is missing', REQUEST),
    ]) {
      const env = createGate();
      await env.request('create', ofStatus(402));
      env.clock.ms += 10_000;
      expect(await env.request('create', error)).toBe(error);
      // One that was not sent leaves the next one the turn.
      const isLost = error instanceof ConnectionError || error instanceof UnexpectedResponseError;
      expect(await env.request('create', ofStatus(402))).toEqual(isLost ? 'refused' : expect.any(AccountPaused));
    }
  });

  test('a success of a request that was sent before the pause does not end it', async () => {
    const env = createGate();
    await env.read();
    let respond = () => {};
    const early = createContext().run<[], void, () => Promise<void>>(() =>
      env.gate.run(
        'read',
        () =>
          new Promise((resolve) => {
            respond = resolve;
          }),
      ),
    );
    await env.request('read', ofStatus(401));
    respond();
    await early;
    expect(await env.read()).toBe('refused');
  });

  test('waits as long as LlamaCloud asks for, up to 5 minutes', async () => {
    const env = createGate();
    await env.request('create', ofStatus(402, 60_000));
    env.clock.ms += 59_999;
    expect(await env.create()).toBe('refused');
    env.clock.ms += 1;
    await env.request('create', ofStatus(402, 60 * MINUTE));
    env.clock.ms += 5 * MINUTE;
    expect(await env.create()).toBe('sent');
  });

  test('the attempts that are refused come back within 10 s of the next test, or within 15 s while it is under way', async () => {
    const env = createGate();
    await env.request('create', ofStatus(402));
    for (let n = 0; n < 50; n++) {
      const { delayMs } = await refusal(env, 'create');
      expect(delayMs).toBeGreaterThanOrEqual(10_000);
      expect(delayMs).toBeLessThanOrEqual(20_000);
    }
    env.clock.ms += 10_000;
    const testing = createContext().run<[], void, () => Promise<void>>(() =>
      env.gate.run('create', async () => {
        const { delayMs } = await refusal(env, 'create');
        expect(delayMs).toBeGreaterThanOrEqual(5_000);
        expect(delayMs).toBeLessThanOrEqual(15_000);
      }),
    );
    await testing;
  });

  test('what stops a run is sent all the same', async () => {
    const env = createGate();
    await env.request('read', ofStatus(402));
    expect(await env.read()).toBe('refused');
    expect(await bypassAccountGate(() => env.read())).toBe('sent');
    expect(await env.read()).toBe('refused');
  });

  test('the first page of a list counts, and a later failure too', async () => {
    const env = createGate();
    const list = async function* (response?: Error) {
      yield 1;
      if (response !== undefined) throw response;
    };
    const readList = (response?: Error) =>
      createContext().run<[], number[], () => Promise<number[]>>(async () => {
        const items: number[] = [];
        for await (const item of env.gate.iterate('read', () => list(response))) items.push(item);
        return items;
      });
    expect(await readList()).toEqual([1]);
    // The key has worked.
    await expect(readList(ofStatus(401))).rejects.toThrow(AccountPaused);
    await expect(readList()).rejects.toThrow(AccountPaused);
    env.clock.ms += 10_000;
    expect(await readList()).toEqual([1]);
  });
});
