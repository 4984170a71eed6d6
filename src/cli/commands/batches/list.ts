import { Option } from 'commander';
import type { ListBatchesParams, ListedBatch, LlamaCloudClient, Page } from '../../../llamacloud/index.js';
import type { CliCommand } from '../../command.js';
import type { CommandContext } from '../../command-context.js';
import { integer, nonEmpty, time } from '../../options/parsers.js';
import { renderBatches } from './render-batches.js';
import { type LlamaCloudFlags, type Scope, withLlamaCloud } from './with-llamacloud.js';

/** LlamaCloud's filter accepts no other. */
const STATUSES = ['PENDING', 'THROTTLED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'];

/** The filters have the names of {@link ListBatchesParams}. */
interface ListFlags extends LlamaCloudFlags {
  readonly sourceDirectoryId?: string;
  readonly status?: string;
  readonly createdAtOnOrAfter?: string;
  readonly createdAtOnOrBefore?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly all?: boolean;
}

const DESCRIPTION = `List batches, newest first: GET /api/v2/batches. Prints one page, and the token of the next one; with --all, every page. A batch that was just created may be missing for a minute.`;

export function addBatchesList(group: CliCommand, context: CommandContext): void {
  group
    .command('list')
    .summary('list batches')
    .description(DESCRIPTION)
    .option('--source-directory-id <id>', 'only batches over this directory (dir-...)', nonEmpty)
    .addOption(new Option('--status <status>', 'only batches with this status').choices(STATUSES))
    .option(
      '--created-at-on-or-after <time>',
      'only batches created at this time or later, in ISO 8601 with its zone',
      time,
    )
    .option('--created-at-on-or-before <time>', 'only batches created at this time or earlier', time)
    .option('--page-size <n>', 'batches on a page (default and maximum: those of LlamaCloud)', integer(1))
    .option('--page-token <token>', 'start at this page: the next_page_token of the page before it', nonEmpty)
    .option('--all', 'follow all pages')
    .action(async (_flags: object, command: CliCommand) => {
      const flags = command.optsWithGlobals<ListFlags>();
      await withLlamaCloud(context, flags, async (llamacloud, scope) => {
        const page = await readBatches(llamacloud, toParams(flags, scope), flags.all ?? false);
        const token = page.next_page_token ?? '';
        const more = token === '' ? [] : ['', `There are more batches: give --page-token ${token}, or --all`];
        context.response(page, [...renderBatches(page.items), ...more]);
      });
    })
    .examples(
      'temporal-llamacloud batches list --source-directory-id dir-... --status RUNNING',
      'temporal-llamacloud batches list --created-at-on-or-after 2026-11-28T00:00:00Z --all',
    );
}

/** One page, or the batches of all pages as one. */
async function readBatches(
  llamacloud: LlamaCloudClient,
  params: ListBatchesParams,
  isAll: boolean,
): Promise<Page<ListedBatch>> {
  if (!isAll) return await llamacloud.listBatches(params);
  const items: ListedBatch[] = [];
  for await (const batch of llamacloud.iterateBatches(params)) items.push(batch);
  return { items, next_page_token: null };
}

function toParams(flags: ListFlags, scope: Scope): ListBatchesParams {
  const { sourceDirectoryId, status, createdAtOnOrAfter, createdAtOnOrBefore, pageSize, pageToken } = flags;
  return {
    ...scope,
    ...(sourceDirectoryId === undefined ? {} : { sourceDirectoryId }),
    ...(status === undefined ? {} : { status }),
    ...(createdAtOnOrAfter === undefined ? {} : { createdAtOnOrAfter }),
    ...(createdAtOnOrBefore === undefined ? {} : { createdAtOnOrBefore }),
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(pageToken === undefined ? {} : { pageToken }),
  };
}
