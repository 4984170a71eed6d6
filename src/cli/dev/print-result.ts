import type { OutputStore } from '../../outputs/index.js';
import type { ManifestLine } from '../../protocol/index.js';
import type { CommandContext } from '../command-context.js';
import { batchFolder, renderFileCounts, renderFileTable, renderRunFailure } from '../runs/report.js';
import { renderTable, toPrintable } from '../text.js';
import type { DevResult } from './run-batch.js';

/** Prints how the run ended, its files, and where everything is. */
export async function printResult(context: CommandContext, result: DevResult, outputs: OutputStore): Promise<void> {
  const { report, failure, ui } = result;
  context.info();
  if (failure !== undefined) {
    const [first = '', ...rest] = renderRunFailure(failure);
    for (const line of [first.replace(/^t/, 'T'), ...rest]) context.info(line);
  }
  const locations: string[][] = [];
  if (report !== undefined) {
    context.info(renderFileCounts(report));
    const { manifest } = report;
    if (manifest !== null) {
      const folder = batchFolder(report, manifest);
      context.info();
      for (const line of renderFileTable(await readManifest(outputs, manifest), folder)) context.info(line);
      locations.push(['Documents', toPrintable(folder)], ['Manifest', toPrintable(manifest)]);
    }
  }
  context.info();
  for (const line of renderTable([...locations, ['Temporal UI', ui]], '')) context.info(line);
}

/** The result for `--json`. */
export function toJson({ failure, report, ...ids }: DevResult): object {
  return {
    ok: failure === undefined,
    ...ids,
    ...(failure === undefined ? {} : { error: { type: failure.type, message: failure.message } }),
    ...(report === undefined ? {} : { report }),
  };
}

/** @param location A location in the store. Its names are ids, which a store keeps as they are. */
async function readManifest(outputs: OutputStore, location: string): Promise<ManifestLine[]> {
  const content = await outputs.read(location.slice(outputs.root.length + 1).split(/[/\\]/));
  const chunks: Uint8Array[] = [];
  for await (const chunk of content ?? []) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): ManifestLine => JSON.parse(line));
}
