import { describe, expect, test } from 'vitest';
import { estimateCorpus } from '../../../src/activities/corpus/estimate-corpus.js';
import { PRICES } from '../../../src/protocol/index.js';
import { FolderSource } from '../../../src/sources/index.js';
import { sourceFolder } from '../../sources/support.js';
import { startActivityEnvironment } from '../support.js';
import { corpusLine } from './support.js';

const SHA256_OF_X = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
const parse = (configurationId: string) => ({ type: 'parse_v2', configurationId }) as const;

describe('an estimate', () => {
  test('is of what has changed, with what it is based on, and sends nothing', async () => {
    const env = await startActivityEnvironment();
    const source = await sourceFolder({
      'a.md': 'x',
      'b.md': 'x',
      'c.md': 'y'.repeat(5_000),
      'd.exe': 'x',
      'e.jpg': 'x',
      'f.mp3': 'x',
    });
    const { changeToken } = await new FolderSource(source).open('a.md');
    const lines = [corpusLine({ path: 'a.md', changeToken }), corpusLine({ path: 'b.md', sha256: SHA256_OF_X })];
    await env.outputs.write(['manifest.jsonl'], lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const before = env.emulator.requests.length;
    const options = { source, job: parse('cfg-PARSE_AGENTIC'), outputs: env.outputs };
    expect(await estimateCorpus(options)).toEqual({
      files: 3,
      unchanged: 2,
      rejected: 1,
      pages: { low: 2, high: 4 },
      counted: 0,
      unpriced: 1,
      credits: { low: 20, high: 40 },
      money: { low: 0.025, high: 0.05 },
      price: { credits: { low: 10, high: 10 }, basis: 'the parse tier agentic', selectsPages: false },
      prices: { date: PRICES.date, source: PRICES.source, currency: 'USD' },
    });
    expect(env.emulator.requests).toHaveLength(before);
  });

  test('says that a price is not known, and still counts', async () => {
    const source = await sourceFolder({ 'a.md': 'x' });
    const estimate = await estimateCorpus({ source, job: parse('cfg-own') });
    expect(estimate).toMatchObject({ files: 1, pages: { low: 1, high: 1 }, credits: null, money: null });
    expect(estimate.price.basis).toContain('LlamaCloud does not show what cfg-own is');
  });

  test('goes by what LlamaCloud shows of a saved configuration', async () => {
    const env = await startActivityEnvironment({ emulator: { configurationIds: ['cfg-own'] } });
    env.emulator.addConfiguration('cfg-own', {
      productType: 'parse_v2',
      parameters: { tier: 'agentic_plus', page_ranges: { max_pages: 2 } },
    });
    const source = await sourceFolder({ 'a.md': 'y'.repeat(5_000) });
    const estimate = await estimateCorpus({ source, job: parse('cfg-own'), llamacloud: env.llamacloud });
    expect(estimate.credits).toEqual({ low: 45, high: 135 });
    expect(estimate.price.selectsPages).toBe(true);
  });
});
