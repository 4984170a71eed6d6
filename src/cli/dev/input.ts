/** Checks the input of `dev` before anything is started. */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputStore, openOutputStore, parseOutputLocation } from '../../outputs/index.js';
import type { BatchJob, JobType } from '../../protocol/index.js';
import { isParserInstalled, PARSER_PACKAGE } from '../../testing/emulator/documents/pdf.js';
import { UsageError } from '../errors.js';
import { formatCount, toPrintable } from '../text.js';
import { resolveUserOutput, resolveUserPath } from '../user-path.js';
import { type FoundFiles, findFiles } from './find-files.js';

export interface DevFlags {
  readonly output: string;
  readonly configuration?: string;
  readonly job: JobType;
}

export interface DevInput {
  /** Absolute path of the input folder. */
  readonly folder: string;
  /** Absolute path, or `s3://bucket/prefix`. */
  readonly output: string;
  readonly outputs: OutputStore;
  readonly job: BatchJob;
  /** Number of files in the folder and its sub-folders. */
  readonly fileCount: number;
  /** Lines to print before the start. */
  readonly warnings: readonly string[];
}

/** LlamaCloud's limit for a batch. */
export const MAX_FILES = 1_000;

const EXAMPLES = fileURLToPath(new URL('../../../examples/documents', import.meta.url));

const PRESETS: Readonly<Record<JobType, string>> = {
  parse_v2: 'cfg-PARSE_AGENTIC',
  extract_v2: 'cfg-EXTRACT_AGENTIC',
};

/** @throws UsageError */
export async function checkDevInput(typedFolder: string | undefined, flags: DevFlags): Promise<DevInput> {
  const folder = typedFolder === undefined ? EXAMPLES : resolveUserPath(typedFolder);
  const found = await checkFolder(folder, toPrintable(typedFolder ?? folder));
  const output = resolveOutput(flags.output);
  return {
    folder,
    output,
    outputs: await openOutput(output, folder, toPrintable(flags.output)),
    job: { type: flags.job, configurationId: flags.configuration ?? PRESETS[flags.job] },
    fileCount: found.count,
    warnings: renderLeftOut(found.leftOut),
  };
}

/** @param shown The path as the user gave it. */
async function checkFolder(folder: string, shown: string): Promise<FoundFiles> {
  const info = await stat(folder).catch(() => undefined);
  if (info === undefined) throw new UsageError(`There is no folder ${shown}`, 'Give the path of a folder of files.');
  if (!info.isDirectory()) throw new UsageError(`${shown} is not a folder`, 'Give the folder that the file is in.');
  const found = await findFiles(folder, MAX_FILES).catch((error: unknown) => {
    throw new UsageError(`${shown} can't be read: ${renderReason(error)}`, 'Check its permissions.', error);
  });
  if (found.count === 0) {
    const leftOut = renderLeftOut(found.leftOut);
    throw new UsageError(`There are no files in ${shown}`, ['Give a folder with files.', ...leftOut].join(' '));
  }
  if (found.count > MAX_FILES) {
    throw new UsageError(
      `${shown} has more than ${formatCount(MAX_FILES, 'file')}, the limit of a LlamaCloud batch`,
      'Give a folder with fewer files, such as one of its sub-folders.',
    );
  }
  if (found.hasPdf && !isParserInstalled()) {
    throw new UsageError(
      `There are PDF files in ${shown}, and ${PARSER_PACKAGE}, with which the emulator parses them, is not installed`,
      `Run: npm install --save-dev ${PARSER_PACKAGE}`,
    );
  }
  return found;
}

const MAX_NAMED = 5;

function renderLeftOut(leftOut: FoundFiles['leftOut']): string[] {
  if (leftOut.length === 0) return [];
  const named = leftOut.slice(0, MAX_NAMED).map(({ path, reason }) => `${toPrintable(path)} (${reason})`);
  const more = leftOut.length - named.length;
  return [`Left out: ${named.join(', ')}${more === 0 ? '' : `, and ${more} more`}`];
}

function resolveOutput(location: string): string {
  try {
    return resolveUserOutput(location);
  } catch (error) {
    throw new UsageError(`--output is wrong: ${renderReason(error)}`, 'For example: --output ./out', error);
  }
}

/** @param shown The location as the user gave it. */
async function openOutput(output: string, folder: string, shown: string): Promise<OutputStore> {
  const isFolder = parseOutputLocation(output).type === 'directory';
  if (isFolder && isInside(await realPathOf(output), await realPathOf(folder))) {
    throw new UsageError(
      `--output ${shown} is inside the input folder`,
      'Give a folder outside of it. Otherwise the next run would process the results of this one.',
    );
  }
  try {
    const outputs = await openOutputStore(output);
    await outputs.check();
    return outputs;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new UsageError(
      `--output ${shown} can't be written to: ${renderReason(cause)}`,
      isFolder ? 'Give a folder that you can write to, such as --output ./out' : undefined,
      error,
    );
  }
}

/** The path without symbolic links. The path need not exist. */
async function realPathOf(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path) return path;
  return await realpath(path).catch(async () => join(await realPathOf(parent), basename(path)));
}

function isInside(path: string, folder: string): boolean {
  const fromFolder = relative(folder, path);
  return fromFolder === '' || !(fromFolder === '..' || fromFolder.startsWith('../') || isAbsolute(fromFolder));
}

/** Node's message without its error code and system call: `EACCES: permission denied, open '/x'`. */
function renderReason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^\w+: /, '').replace(/, \w+ '.*'$/s, '') : String(error);
}
