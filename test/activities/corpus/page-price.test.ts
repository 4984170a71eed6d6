import { describe, expect, test } from 'vitest';
import { findPagePrice } from '../../../src/activities/corpus/page-price.js';
import { type BatchJob, PRICES, type Prices } from '../../../src/protocol/index.js';

const parse = (configurationId: string): BatchJob => ({ type: 'parse_v2', configurationId });
const extract = (configurationId: string): BatchJob => ({ type: 'extract_v2', configurationId });
const price = (job: BatchJob, parameters: unknown = null, prices: Prices = PRICES) =>
  findPagePrice(job, parameters, prices);

describe('the price of a page', () => {
  test.each([
    ['cfg-PARSE_FAST', 1],
    ['cfg-PARSE_COST_EFFECTIVE', 3],
    ['cfg-PARSE_AGENTIC', 10],
    ['cfg-PARSE_AGENTIC_PLUS', 45],
  ])('of the preset %s is that of its tier', (id, credits) => {
    expect(price(parse(id))).toMatchObject({ credits: { low: credits, high: credits }, selectsPages: false });
  });

  test.each([
    ['its tier', { tier: 'agentic' }, { low: 10, high: 10 }],
    [
      'the cheaper tier of simple pages',
      { tier: 'agentic_plus', processing_options: { cost_optimizer: { enable: true } } },
      { low: 3, high: 45 },
    ],
    [
      'what is asked for in addition',
      { tier: 'fast', processing_options: { confidence_score_effort: 'high', forms: 'default' } },
      { low: 6, high: 6 },
    ],
  ])('of a saved configuration is by %s', (_what, parameters, credits) => {
    expect(price(parse('cfg-1'), parameters).credits).toEqual(credits);
  });

  test('of an extraction is with and without parsing', () => {
    expect(price(extract('cfg-1'), { tier: 'agentic' }).credits).toEqual({ low: 15, high: 25 });
    expect(price(extract('cfg-1'), { tier: 'agentic_plus', parse_tier: 'fast' }).credits).toEqual({
      low: 50,
      high: 51,
    });
    expect(price(extract('cfg-1'), { data_schema: {} }).credits).toEqual({ low: 5, high: 8 });
    expect(price(extract('cfg-1'), { tier: 'turbo' }).credits).toEqual({ low: 35, high: 35 });
  });

  test.each([
    ['LlamaCloud does not show', parse('cfg-1'), null],
    ['has a tier that the table lacks', parse('cfg-1'), { tier: 'constructor' }],
    [
      'asks for charts',
      parse('cfg-1'),
      { tier: 'agentic', processing_options: { specialized_chart_parsing: 'agentic' } },
    ],
    ['asks for forms', parse('cfg-1'), { tier: 'agentic', processing_options: { forms: 'enrich' } }],
    [
      'chooses among tiers',
      parse('cfg-1'),
      { tier: 'fast', processing_options: { auto_mode_configuration: [{ a: 1 }] } },
    ],
    ['parses with another one', extract('cfg-1'), { tier: 'agentic', parse_config_id: 'cfg-2' }],
    ['is a preset of the other job', extract('cfg-PARSE_AGENTIC'), null],
  ])('of a configuration that %s is not known, and is said not to be', (_what, job, parameters) => {
    const { credits, basis } = price(job, parameters);
    expect(credits).toBeNull();
    expect(basis.length).toBeGreaterThan(20);
  });

  test('is the one of the caller where it has one', () => {
    const prices = { ...PRICES, configurations: { 'cfg-1': 7, 'cfg-2': { low: 1, high: 4 } } };
    expect(price(parse('cfg-1'), { tier: 'agentic' }, prices).credits).toEqual({ low: 7, high: 7 });
    expect(price(parse('cfg-2'), null, prices).credits).toEqual({ low: 1, high: 4 });
    const extraction = { tier: 'agentic', parse_config_id: 'cfg-2' };
    expect(price(extract('cfg-3'), extraction, prices).credits).toEqual({ low: 15, high: 19 });
  });

  test('is for each page that the configuration selects', () => {
    expect(price(parse('cfg-1'), { tier: 'fast', page_ranges: { max_pages: 3 } }).selectsPages).toBe(true);
    expect(price(parse('cfg-1'), { tier: 'fast', page_ranges: {} }).selectsPages).toBe(false);
    expect(price(extract('cfg-1'), { tier: 'agentic', target_pages: '1' }).selectsPages).toBe(true);
  });
});
