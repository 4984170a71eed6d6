import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { call, createBatch, runJobs, startEmulator, temporaryFolder } from './helpers.js';
import { makePdf } from './make-pdf.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/documents', import.meta.url));

describe('parse_v2', () => {
  it('parses every example document, and fails the damaged one with a reason', async () => {
    const emulator = await startEmulator();
    const responses = await runJobs(emulator, EXAMPLES, '?expand=markdown_full');
    expect(responses.size).toBe(10);
    for (const [name, { body }] of responses) {
      expect([name, body.job.status]).toEqual([name, name === 'damaged-scan.pdf' ? 'FAILED' : 'COMPLETED']);
    }
    expect(responses.get('damaged-scan.pdf')?.body.job.error_message).toMatch(/^the PDF can't be read: \S/);
    expect(responses.get('damaged-scan.pdf')?.body.markdown_full).toBeNull();
    expect(responses.get('invoice-2026-0117.pdf')?.body.markdown_full).toContain(
      '| Storm lantern, brass | 24 | 48.50 |',
    );
    expect(responses.get('letter-russian-greek.pdf')?.body.markdown_full).toContain('Αγαπητέ κύριε');
    expect(responses.get('order-japanese.pdf')?.body.markdown_full).toContain('注文書');
    expect(responses.get('Résumé – Zoë.md')?.body.markdown_full).toContain('# Zoë Lefèvre');
    expect(responses.get('shipping/delivery-note-88.md')?.body.markdown_full).toContain('# Delivery note 88');
  });

  it('returns Markdown and text page by page', async () => {
    const emulator = await startEmulator();
    const responses = await runJobs(
      emulator,
      [{ name: 'book.pdf', content: await makePdf(3) }],
      '?expand=markdown&expand=text&expand=text_full',
    );
    const body = responses.get('book.pdf')?.body;
    expect(body?.markdown?.pages).toEqual(
      [1, 2, 3].map((page_number) => ({
        page_number,
        markdown: expect.stringContaining(`Chapter ${page_number}`),
        success: true,
        header: null,
        footer: null,
      })),
    );
    expect(body?.text?.pages[2]).toEqual({ page_number: 3, text: expect.stringContaining('Line 29 of page 3') });
    expect(body?.text_full).toContain('Line 0 of page 2');
    expect(body?.markdown_full).toBeNull();
  });

  it('recognizes a PDF by its content, whatever its name', async () => {
    const emulator = await startEmulator();
    const responses = await runJobs(emulator, [{ name: 'scan.dat', content: await makePdf(1) }], '?expand=text_full');
    expect(responses.get('scan.dat')?.body.text_full).toContain('Chapter 1');
  });

  it('splits the items of a page into headings, tables and text', async () => {
    const emulator = await startEmulator();
    const content = '# Prices\n\nAs of May.\n\n| a | b |\n| --- | --- |\n| 1 | x, "y" |\n';
    const responses = await runJobs(emulator, [{ name: 'a.md', content }], '?expand=items');
    expect(responses.get('a.md')?.body.items.pages[0]?.items).toMatchObject([
      { type: 'heading', level: 1, value: 'Prices' },
      { type: 'text', value: 'As of May.' },
      {
        type: 'table',
        rows: [
          ['a', 'b'],
          ['1', 'x, "y"'],
        ],
        csv: 'a,b\n1,"x, ""y"""',
      },
    ]);
  });

  it('reads text in UTF-8, UTF-16 and windows-1252', async () => {
    const emulator = await startEmulator();
    const text = 'Grüße, £5';
    const utf16le = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    const responses = await runJobs(
      emulator,
      [
        { name: 'utf8.txt', content: text },
        { name: 'bom.txt', content: `\uFEFF${text}` },
        { name: 'utf16le.txt', content: utf16le },
        { name: 'utf16be.txt', content: Buffer.from(utf16le).swap16() },
        { name: 'windows.txt', content: Buffer.from(text, 'latin1') },
      ],
      '?expand=text_full',
    );
    for (const [name, { body }] of responses) expect([name, body.text_full]).toEqual([name, text]);
  });

  it('fails a file that it cannot parse with a message that names the format', async () => {
    const emulator = await startEmulator();
    const responses = await runJobs(emulator, [
      { name: 'empty.md', content: '' },
      { name: 'photo.png', content: Buffer.from('89504e470d0a1a0a0000', 'hex') },
      { name: 'book.docx', content: Buffer.from('504b030414000600', 'hex') },
      { name: 'noise.bin', content: Buffer.from('00ff01fe02fd', 'hex') },
      { name: 'not-really.pdf', content: 'plain text' },
    ]);
    const messages = Object.fromEntries([...responses].map(([name, { body }]) => [name, body.job.error_message]));
    for (const { body } of responses.values()) expect(body.job.status).toBe('FAILED');
    expect(messages).toEqual({
      'empty.md': 'the file is empty (0 bytes)',
      'photo.png': expect.stringContaining('photo.png is a PNG image'),
      'book.docx': expect.stringContaining('a ZIP archive or an Office document'),
      'noise.bin': expect.stringContaining('an unknown binary format'),
      'not-really.pdf': expect.stringContaining('it is no PDF'),
    });
  });

  it('continues after PDFs that are truncated or corrupt', async () => {
    const emulator = await startEmulator();
    const good = await makePdf(1);
    const files = [100, 300, 700].map((bytes) => ({ name: `${bytes}.pdf`, content: good.subarray(0, bytes) }));
    const noise = { name: 'noise.pdf', content: Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(5000, 'Ωx')]) };
    const responses = await runJobs(emulator, [...files, noise, { name: 'whole.pdf', content: good }]);
    const completed = [...responses].filter(([, { body }]) => body.job.status === 'COMPLETED').map(([name]) => name);
    expect(completed).toEqual(['whole.pdf']);
  });

  it('parses a text of 6 MB, which only the presigned URL returns', async () => {
    const emulator = await startEmulator();
    const content = 'A line of a very long text, again and again.\n'.repeat(140_000);
    const query = '?expand=markdown_full&expand=markdown_full_content_metadata';
    const responses = await runJobs(emulator, [{ name: 'long.txt', content }], query);
    const body = responses.get('long.txt')?.body;
    expect(body?.markdown_full).toBeNull();
    const metadata = body?.result_content_metadata?.markdown_full;
    expect(metadata).toMatchObject({ size_bytes: content.length, exists: true });
    const download = await fetch(metadata?.presigned_url ?? '');
    expect((await download.text()) === content).toBe(true);
  });

  it('answers other requests while it parses a PDF of 200 pages', async () => {
    const emulator = await startEmulator();
    const directory = await emulator.addDirectory([{ name: 'long.pdf', content: await makePdf(200) }]);
    await createBatch(emulator, directory.id);
    const timesMs: number[] = [];
    while (emulator.jobs.list()[0]?.status === 'RUNNING') {
      const startMs = performance.now();
      await call(emulator, '/api/v2/parse');
      timesMs.push(performance.now() - startMs);
    }
    expect(emulator.jobs.list()[0]?.status).toBe('COMPLETED');
    // If parsing blocked the emulator, one request would take nearly all the time.
    const totalMs = timesMs.reduce((sum, ms) => sum + ms, 0);
    expect(timesMs.length).toBeGreaterThan(10);
    expect(Math.max(...timesMs)).toBeLessThan(totalMs / 2);
  });
});

describe('a file that cannot be read', () => {
  it('is a row with an error and no job', async () => {
    const folder = await temporaryFolder();
    await symlink('/nowhere/at/all', join(folder, 'dangling.md'));
    await writeFile(join(folder, 'gone.md'), 'here now');
    await writeFile(join(folder, 'stays.md'), 'still here');
    const emulator = await startEmulator();
    const directory = await emulator.addDirectory(folder);
    await rm(join(folder, 'gone.md'));
    const batchId = await createBatch(emulator, directory.id);
    const { body } = await call(emulator, `/api/v2/batches/${batchId}?expand=results`);
    expect(body.results).toMatchObject([
      { job_reference: null, error_message: "dangling.md can't be read: ENOENT: no such file or directory" },
      { job_reference: null, error_message: "gone.md can't be read: ENOENT: no such file or directory" },
      { job_reference: { type: 'parse_v2' }, error_message: null },
    ]);
  });
});

describe('extract_v2', () => {
  it('returns a record of the document in the job itself', async () => {
    const emulator = await startEmulator();
    const files = [
      { name: 'a.md', content: 'Intro\n\n## The title\n\nfour words are here' },
      { name: 'b.txt', content: '\n  first line  \nsecond line' },
      { name: 'c.txt', content: '' },
    ];
    const responses = await runJobs(emulator, files, '?expand=usage', 'extract_v2');
    expect(responses.get('a.md')?.body).toMatchObject({
      id: expect.stringMatching(/^ext-/),
      status: 'COMPLETED',
      extract_result: { title: 'The title', pages: 1, words: 8 },
      usage: { credits: 3 },
    });
    expect(responses.get('b.txt')?.body.extract_result).toEqual({ title: 'first line', pages: 1, words: 4 });
    expect(responses.get('c.txt')?.body).toMatchObject({ status: 'FAILED', extract_result: null });
  });
});

describe('a folder', () => {
  it('is listed with its subfolders, without dot-files and linked folders, sorted by path', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'sub/deep'), { recursive: true });
    await mkdir(join(folder, '.hidden'));
    for (const name of ['z.md', 'A.md', 'sub/b.md', 'sub/deep/c.md', '.dot.md', '.hidden/d.md']) {
      await writeFile(join(folder, name), name);
    }
    await symlink(folder, join(folder, 'circle'));
    await symlink(join(folder, 'z.md'), join(folder, 'linked.md'));
    const emulator = await startEmulator();
    const directory = await emulator.addDirectory(folder);
    const names = directory.files.map(({ name }) => name);
    expect(names).toEqual(['A.md', 'linked.md', 'sub/b.md', 'sub/deep/c.md', 'z.md']);
    expect(directory.id).toMatch(/^dir-/);
    for (const { id } of directory.files) expect(id).toMatch(/^dfl-/);
  });

  it('that does not exist is an error', async () => {
    const emulator = await startEmulator();
    await expect(emulator.addDirectory('/nowhere/at/all')).rejects.toThrow('ENOENT');
  });
});
