/** `process --estimate`: what a run would cost, before anything is sent. */
import type { CorpusEstimate, EstimateCorpusOptions } from '../../activities/index.js';
import type { ProcessCorpusInput } from '../../protocol/index.js';
import type { CommandContext } from '../command-context.js';
import { CliError } from '../errors.js';
import { formatAmount, formatCount, formatRange, renderTable, toPrintable } from '../text.js';

export async function printEstimate(context: CommandContext, input: ProcessCorpusInput, output: string): Promise<void> {
  const { estimateCorpus } = await import('../../activities/index.js');
  const { checkCorpusInput } = await import('../../activities/input/index.js');
  const { openOutputStore } = await import('../../outputs/index.js');
  const { prices, failedFiles } = input;
  const { scope, source, job } = checkCorpusInput(input);
  const estimate = await estimateCorpus({
    ...scope,
    source,
    job,
    outputs: await openOutputStore(output),
    ...(failedFiles === undefined ? {} : { failedFiles }),
    ...(prices === undefined ? {} : { prices }),
    ...(await openLlamaCloud(context)),
  }).catch((error: unknown) => {
    throw new CliError(
      `Nothing could be estimated: ${error instanceof Error ? error.message : error}`,
      undefined,
      error,
    );
  });
  for (const line of renderEstimate(estimate)) context.info(line);
  context.json({ ok: true, estimate });
}

/** Without a key, presets and the prices of the caller are enough. */
async function openLlamaCloud({ env }: CommandContext): Promise<Pick<EstimateCorpusOptions, 'llamacloud'>> {
  if ((env.LLAMA_CLOUD_API_KEY ?? '').trim() === '') return {};
  const { llamaCloudConnectionFromEnv } = await import('../../config/config.js');
  const { LlamaCloudClient } = await import('../../llamacloud/index.js');
  return { llamacloud: new LlamaCloudClient(llamaCloudConnectionFromEnv(env)) };
}

function renderEstimate(estimate: CorpusEstimate): string[] {
  const { files, unchanged, rejected, pages, counted, unpriced, credits, money, price, prices } = estimate;
  const assumed = files - counted - unpriced;
  const of = (count: number, how: string) => (count === 0 ? [] : [`${how} for ${formatCount(count, 'file')}`]);
  const basis = [...of(counted, 'counted'), ...of(assumed, 'assumed'), ...of(unpriced, 'not known')].join(', ');
  return [
    ...renderTable(
      [
        [
          'Files',
          `${formatAmount(files)} to process, ${formatAmount(unchanged)} unchanged, ${formatAmount(rejected)} rejected`,
        ],
        ['Pages', `${formatRange(pages)}${basis === '' ? '' : ` (${basis})`}`],
        ['Credits', credits === null ? 'not known' : formatRange(credits)],
        ['Money', money === null ? 'not known' : `${formatRange(money)} ${toPrintable(prices.currency)}`],
      ],
      '',
    ),
    `The price of a page: ${renderPrice(estimate)}. ${toPrintable(price.basis)}.`,
    `The prices are of ${toPrintable(prices.date)}, from ${toPrintable(prices.source)}.`,
    ...(unpriced === 0 ? [] : ['Audio is billed by the minute: what it costs is not known, and not counted here.']),
    ...(price.selectsPages ? ['The configuration selects pages: each file may have as few as one.'] : []),
    'What fails is not billed, and LlamaCloud may bill less for what it has cached. Nothing was sent.',
  ];
}

function renderPrice({ price }: CorpusEstimate): string {
  return price.credits === null ? 'not known' : `${formatRange(price.credits)} credits`;
}
