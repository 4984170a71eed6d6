import { z } from 'zod';
import {
  type BatchJob,
  CONFIDENCE_SCORE_CREDITS,
  type PagePrice,
  type Prices,
  type Range,
} from '../../protocol/index.js';

/** The parameters of a configuration that its price depends on. `catch`: what has another shape says nothing. */
const parametersSchema = z.looseObject({
  tier: z.string().optional().catch(undefined),
  parse_tier: z.string().nullish().catch(undefined),
  parse_config_id: z.string().nullish().catch(undefined),
  max_pages: z.unknown().optional(),
  target_pages: z.unknown().optional(),
  page_ranges: z.unknown().optional(),
  processing_options: z
    .looseObject({
      confidence_score_effort: z.unknown().optional(),
      specialized_chart_parsing: z.unknown().optional(),
      cost_optimizer: z.looseObject({ enable: z.unknown() }).nullish().catch(undefined),
      auto_mode_configuration: z.unknown().optional(),
      forms: z.unknown().optional(),
    })
    .nullish()
    .catch(undefined),
});
type Parameters = z.infer<typeof parametersSchema>;

/** The tier of a built-in preset, such as `cfg-PARSE_AGENTIC`. */
const PRESET = /^cfg-(PARSE|EXTRACT)_([A-Z_]+)$/;

/**
 * Finds what a page costs with a configuration: by its id in the table, else by the tier of a preset or of what the configuration says.
 *
 * @param parameters What LlamaCloud shows of the configuration; `null` if it shows nothing.
 */
export function findPagePrice({ type, configurationId }: BatchJob, parameters: unknown, prices: Prices): PagePrice {
  const given = prices.configurations?.[configurationId];
  if (given !== undefined) {
    const credits = typeof given === 'number' ? { low: given, high: given } : given;
    return { credits, basis: `the table of prices has ${configurationId}`, selectsPages: false };
  }
  const known = toParameters(configurationId, type, parameters);
  if (known === undefined)
    return unknown(`LlamaCloud does not show what ${configurationId} is, so its price is not known`);
  const price = type === 'parse_v2' ? findParsePrice(known, prices) : findExtractPrice(known, prices);
  return { ...price, selectsPages: selectsPages(known) };
}

function unknown(basis: string): PagePrice {
  return { credits: null, basis, selectsPages: false };
}

function toParameters(id: string, type: BatchJob['type'], parameters: unknown): Parameters | undefined {
  const shown = parametersSchema.safeParse(parameters).data;
  if (shown?.tier !== undefined) return shown;
  const [, product, tier] = PRESET.exec(id) ?? [];
  const isOfType = product === (type === 'parse_v2' ? 'PARSE' : 'EXTRACT');
  if (tier !== undefined && isOfType) return { ...shown, tier: tier.toLowerCase() };
  // An extract configuration has a tier by default.
  if (shown !== undefined && type === 'extract_v2' && Object.keys(shown).length > 0)
    return { ...shown, tier: 'cost_effective' };
  return undefined;
}

function findParsePrice({ tier, processing_options: options }: Parameters, prices: Prices): PagePrice {
  const credits = findCredits(prices.parse, tier);
  if (credits === undefined) return unknown(`the table of prices has no parse tier ${tier}`);
  if (isSet(options?.specialized_chart_parsing) || isSet(options?.forms))
    return unknown('the configuration asks for charts or forms, whose price is not published');
  if (isSet(options?.auto_mode_configuration))
    return unknown('the configuration chooses among tiers by the content of a page (auto_mode_configuration)');
  const isOptimized = options?.cost_optimizer?.enable === true;
  const low = isOptimized ? Math.min(credits, findCredits(prices.parse, 'cost_effective') ?? 0) : credits;
  const extra = options?.confidence_score_effort === 'high' ? CONFIDENCE_SCORE_CREDITS : 0;
  const basis = [
    `the parse tier ${tier}`,
    ...(isOptimized ? ['whose simple pages cost less (cost_optimizer)'] : []),
    ...(extra === 0 ? [] : [`and ${extra} credits a page for confidence_score_effort`]),
  ].join(', ');
  return { credits: { low: low + extra, high: credits + extra }, basis, selectsPages: false };
}

/** The parsing before an extraction is billed too. Whether it always is, is not published. */
function findExtractPrice(parameters: Parameters, prices: Prices): PagePrice {
  const { tier, parse_tier: parseTier, parse_config_id: parseConfiguration } = parameters;
  const credits = findCredits(prices.extract, tier);
  if (credits === undefined) return unknown(`the table of prices has no extract tier ${tier}`);
  if (tier === 'turbo') return { credits: exactly(credits), basis: 'the extract tier turbo', selectsPages: false };
  const parse =
    parseConfiguration == null
      ? findCredits(prices.parse, parseTier ?? tier)
      : toHigh(prices.configurations?.[parseConfiguration]);
  if (parse === undefined)
    return unknown(`the price of its parsing is not known (${parseConfiguration ?? parseTier ?? tier})`);
  const basis = `the extract tier ${tier}, with and without parsing (${parseConfiguration ?? parseTier ?? tier})`;
  return { credits: { low: credits, high: credits + parse }, basis, selectsPages: false };
}

/** The names come from LlamaCloud: `constructor` is no tier. */
function findCredits(table: Record<string, number>, tier: string | undefined): number | undefined {
  return tier !== undefined && Object.hasOwn(table, tier) ? table[tier] : undefined;
}

function exactly(credits: number): Range {
  return { low: credits, high: credits };
}

function toHigh(credits: number | Range | undefined): number | undefined {
  return typeof credits === 'object' ? credits.high : credits;
}

function selectsPages({ max_pages, target_pages, page_ranges }: Parameters): boolean {
  return [max_pages, target_pages, page_ranges].some(isSet);
}

/** Whether an option asks for something: `null`, `default`, and empty lists and objects do not. */
function isSet(value: unknown): boolean {
  if (value == null || value === false || value === 'default' || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.values(value).some(isSet);
}
