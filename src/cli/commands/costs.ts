import type { CliCommand } from '../command.js';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { day, nonEmpty } from '../options/parsers.js';
import { readPrices } from '../options/read-prices.js';
import { formatAmount, renderTable, toPrintable } from '../text.js';
import { resolveUserOutput } from '../user-path.js';

interface CostsFlags {
  readonly usage?: boolean;
  readonly organization?: string;
  readonly project?: string;
  readonly since?: string;
  readonly until?: string;
  readonly prices?: string;
}

interface Total {
  readonly name: string;
  readonly files: number | null;
  readonly credits: number;
  /** Files with a result whose bill was not recorded when the manifest was written. */
  readonly unbilled: number;
}

const DESCRIPTION = `Add up what documents have cost.

With an OUTPUT: by directory and by day (UTC), from the manifest in it, or in a FOLDER of it: of a corpus, of a batch (bat-...), or of a run over many directories (directories-...). Of a corpus, a directory is a folder of the source. The others have no days. A file that was processed several times counts with its last time only.

With --usage: what LlamaCloud has billed the organization, by day and by tier, whoever has used it. Needs LLAMA_CLOUD_API_KEY. Bills may lag behind.`;

export function addCosts(program: CliCommand, context: CommandContext): void {
  program
    .command('costs')
    .summary('add up credits by directory and by day')
    .description(DESCRIPTION)
    .argument('[output]', 'folder or s3://bucket/prefix with a manifest.jsonl', nonEmpty)
    .argument('[folder]', 'folder of the output, such as bat-... or directories-...', nonEmpty)
    .option('--usage', "ask LlamaCloud for the organization's usage")
    .option('--organization <id>', 'with --usage: LlamaCloud organization', nonEmpty)
    .option('--project <id>', 'with --usage: only this project', nonEmpty)
    .option('--since <day>', 'only from this day on, such as 2026-11-01', day)
    .option('--until <day>', 'only up to this day', day)
    .option('--prices <file>', 'go by the prices in this JSON file (default: those of this version)', nonEmpty)
    .action(async (output: string | undefined, folder: string | undefined, flags: CostsFlags) => {
      await printCosts(context, output, folder?.split('/') ?? [], flags);
    })
    .examples(
      'temporal-llamacloud costs ./out',
      'temporal-llamacloud costs --usage --organization 11111111-2222-3333-4444-555555555555 --since 2026-11-01',
    );
}

async function printCosts(
  context: CommandContext,
  output: string | undefined,
  folder: readonly string[],
  flags: CostsFlags,
): Promise<void> {
  if ((output === undefined) === (flags.usage !== true)) throw new UsageError('Give either an output or --usage');
  const { PRICES } = await import('../../protocol/index.js');
  const prices = flags.prices === undefined ? PRICES : await readPrices(flags.prices, context);
  const tables =
    output === undefined ? await readUsage(context, flags) : await readManifest(context, output, folder, flags);
  const renderMoney = (credits: number) =>
    `${((credits * prices.perThousandCredits) / 1_000).toFixed(2)} ${toPrintable(prices.currency)}`;
  for (const [title, totals] of Object.entries(tables)) {
    const rows = [...totals, sum(totals)].map(({ name, files, credits, unbilled }) => [
      toPrintable(name),
      files === null ? '' : `${formatAmount(files)} files`,
      `${formatAmount(credits)} credits`,
      renderMoney(credits),
      unbilled === 0 ? '' : `${formatAmount(unbilled)} files without a bill`,
    ]);
    for (const line of [title, ...renderTable(rows)]) context.info(line);
  }
  context.info(`Money is by the prices of ${toPrintable(prices.date)}.`);
  context.json({ ok: true, ...tables, prices: { date: prices.date, perThousandCredits: prices.perThousandCredits } });
}

function sum(totals: readonly Total[]): Total {
  return totals.reduce(
    (all, { files, credits, unbilled }) => ({
      name: all.name,
      files: all.files === null || files === null ? null : all.files + files,
      credits: all.credits + credits,
      unbilled: all.unbilled + unbilled,
    }),
    { name: 'Total', files: 0, credits: 0, unbilled: 0 },
  );
}

async function readManifest(
  { env }: CommandContext,
  output: string,
  folder: readonly string[],
  { since = '', until = '9999-12-31' }: CostsFlags,
): Promise<Record<string, Total[]>> {
  const { readCosts } = await import('../../activities/manifest/read-costs.js');
  const { openOutputStore } = await import('../../outputs/index.js');
  const outputs = await openOutputStore(toOutput(output, env));
  const [directories, days] = [new Map<string, Total>(), new Map<string, Total>()];
  let isEmpty = true;
  for await (const cost of readCosts(outputs, folder)) {
    isEmpty = false;
    const isWithin = cost.day === null ? since === '' : cost.day >= since && cost.day <= until;
    if (!isWithin) continue;
    add(directories, cost.directory, cost.credits);
    add(days, cost.day ?? 'day not known', cost.credits);
  }
  if (isEmpty)
    throw new UsageError(
      `${outputs.locate([...folder, 'manifest.jsonl'])} is not there, or has no files`,
      'Give the folder of a corpus, a batch or a run over directories.',
    );
  return { directories: toSorted(directories), days: toSorted(days) };
}

function toOutput(output: string, env: NodeJS.ProcessEnv): string {
  try {
    return resolveUserOutput(output, env);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), undefined, error);
  }
}

function add(totals: Map<string, Total>, name: string, credits: number | null): void {
  const { files, ...before } = totals.get(name) ?? { files: 0, credits: 0, unbilled: 0 };
  totals.set(name, {
    name,
    files: (files ?? 0) + 1,
    credits: before.credits + (credits ?? 0),
    unbilled: before.unbilled + (credits === null ? 1 : 0),
  });
}

function toSorted(totals: ReadonlyMap<string, Total>): Total[] {
  return [...totals.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function readUsage(
  { env }: CommandContext,
  { organization, project, since, until }: CostsFlags,
): Promise<Record<string, Total[]>> {
  if (organization === undefined) throw new UsageError('--usage needs --organization');
  const { llamaCloudConnectionFromEnv } = await import('../../config/config.js');
  const { LlamaCloudClient } = await import('../../llamacloud/index.js');
  const llamacloud = new LlamaCloudClient(llamaCloudConnectionFromEnv(env));
  const { buckets } = await llamacloud.aggregateUsage({
    organizationId: organization,
    ...(project === undefined ? {} : { projectId: project }),
    ...(since === undefined ? {} : { dayOnOrAfter: since }),
    ...(until === undefined ? {} : { dayOnOrBefore: until }),
    groupBy: ['day', 'tier'],
  });
  const toTotals = (dimension: 'day' | 'tier'): Total[] => {
    const totals = new Map<string, Total>();
    for (const { dimensions, total_credits } of buckets) {
      const name = dimensions[dimension] || 'not known';
      const credits = (totals.get(name)?.credits ?? 0) + total_credits;
      totals.set(name, { name, files: null, credits, unbilled: 0 });
    }
    return toSorted(totals);
  };
  return { days: toTotals('day'), tiers: toTotals('tier') };
}
