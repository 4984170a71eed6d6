import { OutputError, type OutputStore } from '../outputs/index.js';

/** Lines of a manifest that is written in parts, since a run may continue as new between them. */
export interface ManifestPart {
  /** 0 for the first. */
  part: number;
  /** Is this the last part? Then the whole manifest is put together. */
  last: boolean;
}

/**
 * Writes a part of a manifest (JSON lines), and after the last part the whole. Returns where the whole is.
 *
 * @param folder Of the output store: its name is that of the batch or the run that the manifest is of.
 */
export async function writePart(
  outputs: OutputStore,
  folder: string,
  { part, last }: ManifestPart,
  lines: readonly object[],
): Promise<string> {
  const content = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const whole = manifestKey(folder);
  if (part === 0 && last) return (await outputs.write(whole, content)).location;
  await outputs.write(partKey(folder, part), content);
  if (!last) return outputs.locate(whole);
  const { location } = await outputs.write(whole, parts(outputs, folder, part));
  return location;
}

/** The parts stay beside the whole: an attempt that is repeated after they were removed would have nothing to put together. */
async function* parts(outputs: OutputStore, folder: string, last: number): AsyncGenerator<Uint8Array> {
  for (let part = 0; part <= last; part++) {
    const key = partKey(folder, part);
    const content = await outputs.read(key);
    if (content === undefined)
      throw new OutputError('read', outputs.locate(key), 'it is gone; do all workers share one output store?');
    yield* content;
  }
}

export function manifestKey(folder: string): string[] {
  return [folder, 'manifest.jsonl'];
}

function partKey(folder: string, part: number): string[] {
  return [folder, `manifest.part-${String(part).padStart(5, '0')}.jsonl`];
}
