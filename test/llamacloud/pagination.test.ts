import { describe, expect, test } from 'vitest';
import { HttpStatusError, UnexpectedResponseError } from '../../src/llamacloud/index.js';
import { BATCH, clientOf, clientOfEmulator, rejection } from './support.js';

const JOB = { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' } as const;
const FILES = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name: `${name}.md`, content: name }));

/** A client of a server whose lists give these responses by the token that is asked for. */
async function listing(pages: Record<string, { items: unknown[]; next_page_token?: string | null }>) {
  return clientOf((response, { url }) => {
    const token = new URL(url, 'http://server').searchParams.get('page_token') ?? 'first';
    response.end(JSON.stringify(pages[token]));
  });
}

async function all<T extends { id: string | null }>(items: AsyncIterable<T>): Promise<unknown[]> {
  const ids: unknown[] = [];
  for await (const { id } of items) ids.push(id);
  return ids;
}

const batch = (id: string) => ({ ...BATCH, id });

describe('iterating', () => {
  test('batches and jobs goes over all pages, with the filters on each', async () => {
    const { client, emulator } = await clientOfEmulator();
    const { id: directoryId } = await emulator.addDirectory(FILES);
    const created: string[] = [];
    for (let count = 0; count < 3; count++) {
      created.unshift((await client.createBatch({ sourceDirectoryId: directoryId, job: JOB })).id);
    }
    const jobIds = emulator.jobs.list().map(({ id }) => id);
    const before = emulator.requests.length;
    expect(await all(client.iterateBatches({ pageSize: 2, sourceDirectoryId: directoryId }))).toEqual(created);
    const found = await all(client.iterateJobs({ type: 'parse_v2', pageSize: 4, jobIds: jobIds.slice(0, 6) }));
    expect(found.sort()).toEqual(jobIds.slice(0, 6).sort());
    const asked = emulator.requests.slice(before);
    expect(asked.map(({ query }) => query.page_size?.[0])).toEqual(['2', '2', '4', '4']);
    expect(asked[1]?.query.source_directory_id).toEqual([directoryId]);
    expect(asked[3]?.query.job_ids).toEqual(jobIds.slice(0, 6));
  });

  test('directories, their files and configurations goes over all pages, with the filters on each', async () => {
    const { client, emulator } = await clientOfEmulator({ configurationIds: ['cfg-1', 'cfg-2', 'cfg-3'] });
    const { id, files } = await emulator.addDirectory(FILES, { id: 'dir-files' });
    const directoryIds: string[] = [];
    for (let count = 0; count < 3; count++) directoryIds.unshift((await client.createDirectory({ name: 'mine' })).id);
    expect(await all(client.iterateDirectories({ name: 'mine', pageSize: 2 }))).toEqual(directoryIds);
    expect(await all(client.iterateDirectoryFiles(id, { pageSize: 2 }))).toEqual(files.map((file) => file.id));
    const [, , c] = files;
    expect(await all(client.iterateDirectoryFiles(id, { pageSize: 1, uniqueId: 'c.md' }))).toEqual([c?.id]);
    expect(await all(client.iterateConfigurations({ pageSize: 2 }))).toEqual(['cfg-3', 'cfg-2', 'cfg-1']);
    const asked = emulator.requests.filter(({ method }) => method === 'GET');
    expect(asked.map(({ query }) => query.page_size?.[0])).toEqual(['2', '2', '2', '2', '2', '1', '2', '2']);
    expect(asked[1]?.query.name).toEqual(['mine']);
  });

  test('starts at the token that it is given', async () => {
    const { client } = await listing({ first: { items: [batch('1')] }, two: { items: [batch('2')] } });
    expect(await all(client.iterateBatches({ pageToken: 'two' }))).toEqual(['2']);
    expect(await all(client.iterateBatches({ pageToken: '' }))).toEqual(['1']);
  });

  test('goes on after an empty page, and ends where there is no token', async () => {
    const { client, seen } = await listing({
      first: { items: [batch('1')], next_page_token: 'two' },
      two: { items: [], next_page_token: 'three' },
      three: { items: [batch('3')], next_page_token: '' },
    });
    expect(await all(client.iterateBatches())).toEqual(['1', '3']);
    expect(seen).toHaveLength(3);
  });

  test('asks for a page only when it is needed', async () => {
    const { client, seen } = await listing({ first: { items: [batch('1'), batch('2')], next_page_token: 'two' } });
    for await (const { id } of client.iterateBatches()) if (id === '2') break;
    expect(seen).toHaveLength(1);
  });

  test.each([
    ['at once', { first: { items: [batch('1')], next_page_token: 'a' }, a: { items: [], next_page_token: 'a' } }, 2],
    [
      'in a circle',
      {
        first: { items: [], next_page_token: 'a' },
        a: { items: [], next_page_token: 'b' },
        b: { items: [], next_page_token: 'a' },
      },
      3,
    ],
  ])('fails when a token comes again %s, rather than never end or end early', async (_, pages, requests) => {
    const { client, seen } = await listing(pages);
    const error = await rejection(UnexpectedResponseError, all(client.iterateBatches()));
    expect(error).toMatchObject({ path: 'next_page_token', request: { method: 'GET', path: '/api/v2/batches' } });
    expect(seen).toHaveLength(requests);
  });

  test('fails with the error of a page, and does not ask again', async () => {
    const { client, emulator } = await clientOfEmulator();
    emulator.faults.next({ kind: 'status', status: 503 });
    await rejection(HttpStatusError, all(client.iterateJobs({ type: 'extract_v2' })));
    expect(emulator.requests).toHaveLength(1);
  });
});
