import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { splitMarkdown } from '../../examples/postgres/activities.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { type ExampleEnvironment, openExample } from './support.js';

const PARAGRAPH = 'A line of text. '.repeat(40).trim();
const TEXT = `# Report\n\n${PARAGRAPH}\n\n${PARAGRAPH}\n`;

describe('the PostgreSQL example', () => {
  let postgres: TestPostgres;
  let example: ExampleEnvironment;

  beforeAll(async () => {
    [postgres, example] = await Promise.all([startPostgres(), openExample('postgres')]);
    const schema = new URL('../../examples/postgres/schema.sql', import.meta.url);
    await postgres.query(await readFile(schema, 'utf8'));
    example.start('worker.ts', [], postgres.env);
  });

  afterAll(async () => {
    await example?.close();
    await postgres?.close();
  });

  // `xmin` changes with every write of a row.
  const readChunks = () =>
    postgres.query(`
      SELECT document.*, document.xmin::text, file_name, position, content, chunk.xmin::text AS chunk_xmin
      FROM documents AS document JOIN chunks AS chunk USING (directory_id, file_id, sha256)
      ORDER BY file_name, position`);
  const runBatch = async (directoryId: string) => {
    const { code, stdout, stderr } = await example.start('client.ts', [directoryId]).end();
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return stdout;
  };

  test('stores the chunks of each document by directory, file and content, and a second batch changes nothing', async () => {
    const { id } = await example.emulator.addDirectory([
      { name: 'first.md', content: TEXT },
      { name: 'second.md', content: '# Note\n\nShort.\n' },
    ]);
    expect(await runBatch(id)).toContain('2 of 2 files are in PostgreSQL.');
    const chunks = await readChunks();
    expect(chunks).toMatchObject([
      { directory_id: id, file_name: 'first.md', position: 1, content: expect.stringContaining('# Report') },
      { directory_id: id, file_name: 'first.md', position: 2, content: PARAGRAPH },
      { directory_id: id, file_name: 'second.md', position: 1, content: expect.stringContaining('Short.') },
    ]);

    expect(await runBatch(id)).toContain('2 of 2 files are in PostgreSQL.');
    expect(example.emulator.batches.list()).toHaveLength(2);
    expect(await readChunks()).toEqual(chunks);
  });

  test('splits at empty lines, into chunks of at most 1,000 characters unless a paragraph is longer', () => {
    const long = 'x'.repeat(1_500);
    expect(splitMarkdown(`\n\none\n\ntwo\n \n${long}\n\nthree`)).toEqual(['one\n\ntwo', long, 'three']);
    expect(splitMarkdown(' \n\n ')).toEqual([]);
  });
});
