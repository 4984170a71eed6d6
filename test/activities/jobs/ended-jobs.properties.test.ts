import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listEndedJobs } from '../../../src/activities/jobs/ended-jobs.js';
import { HttpStatusError } from '../../../src/llamacloud/index.js';
import { DirectoryStore } from '../../../src/outputs/index.js';
import { MAX_JOBS_PER_REQUEST } from '../../../src/protocol/index.js';
import { clientOfFetch, type Reply } from '../../support/client-of-fetch.js';

let respond: (request: Request) => Reply;
const deps = { llamacloud: clientOfFetch((request) => respond(request)), outputs: new DirectoryStore('/nowhere') };

/** A job as LlamaCloud has it; `null` where its list does not show it. */
const status = fc.oneof(
  fc.constantFrom('COMPLETED', 'FAILED', 'CANCELLED', 'PENDING', 'RUNNING', 'THROTTLED'),
  fc.constantFrom('completed', 'COMPLETED ', 'NEW_STATUS', null),
);
const jobs = fc
  .oneof(
    fc.array(status, { minLength: 1, maxLength: 8 }),
    fc.array(status, { minLength: MAX_JOBS_PER_REQUEST, maxLength: MAX_JOBS_PER_REQUEST }),
  )
  .map((statuses) => statuses.map((status, index) => ({ id: `pjb-${index}`, status })));

/** How the list comes: the size of each page, which may be 0, and rows that come again. */
const paging = fc.record({
  sizes: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
  repeated: fc.array(fc.nat(), { maxLength: 5 }),
});

type Job = { id: string; status: string | null };

/** LlamaCloud lists these jobs in pages. Returns the ids that were asked for. */
function setList(jobs: Job[], { sizes, repeated }: { sizes: number[]; repeated: number[] }): string[][] {
  const listed = jobs.filter(({ status }) => status !== null);
  const rows = [...listed, ...repeated.flatMap((index) => listed[index % listed.length] ?? [])];
  const pages = sizes.map((size) => rows.splice(0, size));
  pages.push(rows);
  const asked: string[][] = [];
  respond = ({ url }) => {
    const { searchParams } = new URL(url);
    asked.push(searchParams.getAll('job_ids'));
    const index = Number(searchParams.get('page_token') ?? 0);
    const next = index + 1 < pages.length ? { next_page_token: String(index + 1) } : {};
    return { body: { items: pages[index], ...next } };
  };
  return asked;
}

const idsOf = (jobs: Job[]) => jobs.map(({ id }) => id);

describe('a job', () => {
  test('is found ready exactly when it has ended, and missing when the list lacks it, however the list is paged', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, paging, async (jobs, paging) => {
        const asked = setList(jobs, paging);
        const listed = await listEndedJobs(deps, { type: 'parse_v2', jobIds: idsOf(jobs) }, {});
        const ready = jobs.filter(({ status }) => ['COMPLETED', 'FAILED', 'CANCELLED'].includes(status ?? ''));
        const missing = jobs.filter(({ status }) => status === null);
        expect(listed).toEqual({ ended: idsOf(ready), missing: idsOf(missing) });
        for (const ids of asked) expect(ids).toEqual(idsOf(jobs));
      }),
      { numRuns: 60 },
    );
  });
});

test('a list that has a job of others is not believed, wherever in it that job is', async () => {
  await fc.assert(
    fc.asyncProperty(jobs, paging, fc.nat(), async (jobs, paging, index) => {
      const others = jobs.toSpliced(index % (jobs.length + 1), 0, { id: 'pjb-of-others', status: 'COMPLETED' });
      setList(others, paging);
      expect(await listEndedJobs(deps, { type: 'parse_v2', jobIds: idsOf(jobs) }, {})).toBeUndefined();
    }),
    { numRuns: 30 },
  );
});

test('a list that fails says nothing about any job: it is either given up for good, or fails', async () => {
  const passes = [401, 402, 403, 408, 409, 425, 429];
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.constantFrom(...passes, 501), fc.integer({ min: 400, max: 599 })), async (status) => {
      respond = () => ({ status, body: '' });
      const listed = listEndedJobs(deps, { type: 'parse_v2', jobIds: ['pjb-1'] }, {});
      const isRefused = status === 501 || (status < 500 && !passes.includes(status));
      if (isRefused) expect(await listed).toBeUndefined();
      else await expect(listed).rejects.toThrow(HttpStatusError);
    }),
  );
});
