import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PdfParser } from '../../../src/testing/emulator/documents/pdf.js';
import { call, createBatch, eventually, startEmulator, temporaryFolder, waitForJobs } from './helpers.js';
import { makePdf } from './make-pdf.js';

function startParser(packageName?: string): PdfParser {
  const parser = new PdfParser(packageName);
  onTestFinished(() => parser.close());
  return parser;
}

describe('the PDF parser', () => {
  it('names the package to install when it is missing', async () => {
    await expect(startParser('no-such-parser').parse('any.pdf')).rejects.toThrow(
      'npm install --save-dev no-such-parser',
    );
  });

  it('continues after a document that crashes its process', async () => {
    const folder = await temporaryFolder();
    const library = join(folder, 'parser.mjs');
    const parse = `parse(path) { return path === 'bad' ? process.abort() : { pages: [] }; }`;
    await writeFile(library, `export class LiteParse { ${parse} }`);
    const parser = startParser(library);
    expect(await parser.parse('good')).toEqual({ pages: [] });
    await expect(parser.parse('bad')).rejects.toThrow('the parser process exited');
    expect(await parser.parse('good')).toEqual({ pages: [] });
  });

  it('stops parsing when it is closed', async () => {
    const parser = startParser();
    const parsing = expect(parser.parse(await makePdf(50))).rejects.toThrow('the parser process exited');
    parser.close();
    await parsing;
  });
});

describe('an emulator that is closed', () => {
  it('leaves no parser running', async () => {
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory([{ name: 'long.pdf', content: await makePdf(50) }]);
    await createBatch(emulator, id);
    await emulator.close();
    expect(emulator.jobs.list()).toMatchObject([{ status: 'FAILED' }]);
  });

  it('leaves no temporary files', async () => {
    const folder = await temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const emulator = await startEmulator();
    const { id } = await emulator.addDirectory([{ name: 'long.md', content: 'word '.repeat(100_000) }]);
    await waitForJobs(emulator, await createBatch(emulator, id));
    expect(await readdir(folder)).toHaveLength(1);
    await emulator.close();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a job that is cancelled while its document is parsed', () => {
  it('stays cancelled when the parsing ends', async () => {
    const emulator = await startEmulator();
    const pdf = await makePdf(20);
    const four = ['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}.pdf`, content: pdf }));
    const { id } = await emulator.addDirectory(four);
    await createBatch(emulator, id);
    const [first] = emulator.jobs.list();
    expect(await call(emulator, `/api/v2/parse/${first?.id}/cancel`, { method: 'POST' })).toMatchObject({
      status: 200,
    });
    // Two documents are parsed at a time, in order: when the last two are parsed, so is the first.
    const statuses = () => emulator.jobs.list().map(({ status }) => status);
    await eventually(statuses).toEqual(['CANCELLED', 'COMPLETED', 'COMPLETED', 'COMPLETED']);
  });
});
