/** What LlamaCloud's jobs cost. The only place with prices: a caller can replace the table. */

/** Two bounds of something that is not known exactly. */
export interface Range {
  low: number;
  high: number;
}

/** A table of prices. Replace it with your own if your contract or LlamaCloud's prices differ. */
export interface Prices {
  /** When the prices were looked up: `2026-11-28`. */
  date: string;
  /** Where they come from. */
  source: string;
  /** Of `perThousandCredits`, such as `USD`. */
  currency: string;
  /** Money for 1,000 credits. */
  perThousandCredits: number;
  /** Credits for a page that is parsed, by the tier of the configuration. */
  parse: Record<string, number>;
  /** Credits for a page that is extracted, by the tier of the configuration, without those for parsing it. */
  extract: Record<string, number>;
  /** All credits for a page, by the id of a configuration (`cfg-...`). They go before those of its tier. Default: none. */
  configurations?: Record<string, number | Range>;
}

/**
 * LlamaCloud's prices.
 *
 * - The credits of extract tiers are stated in LlamaCloud's OpenAPI document (`ExtractV2Parameters.tier`), that of `turbo` in its SDK 2.16.0. So are the
 *   5 credits of `confidence_score_effort: high`.
 * - The credits of parse tiers, and the money, are those of its documentation (https://developers.llamaindex.ai/llamaparse/general/pricing/ and
 *   .../general/faq/).
 *
 * Nothing of this is a promise of LlamaCloud: it changes its prices, and contracts have others.
 */
export const PRICES: Prices = {
  date: '2026-11-28',
  source: "LlamaCloud's OpenAPI document and its documentation",
  currency: 'USD',
  perThousandCredits: 1.25,
  parse: { fast: 1, cost_effective: 3, agentic: 10, agentic_plus: 45 },
  extract: { cost_effective: 5, agentic: 15, agentic_plus: 50, turbo: 35 },
};

/** Credits in addition to those of its tier, for each page of a parse configuration with `confidence_score_effort: high`. */
export const CONFIDENCE_SCORE_CREDITS = 5;

/** What a page costs with a configuration. */
export interface PagePrice {
  /** Credits; `null` if the price is not known. */
  credits: Range | null;
  /** What the price is based on, or why it is not known. A sentence without its full stop. */
  basis: string;
  /** Whether the configuration selects pages, so that not all pages of a document cost something. */
  selectsPages: boolean;
}
