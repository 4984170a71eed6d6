/** What `dev` is to do, checked before anything starts. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOutputStore } from '../../outputs/index.js';
import type { BatchJob, JobType } from '../../protocol/index.js';
import { UsageError } from '../errors.js';
import { typedPath } from '../paths.js';
import { printable } from '../text.js';

export interface DevFlags {
  readonly output: string;
  readonly configuration?: string;
  readonly job: JobType;
}

export interface DevPlan {
  /** Absolute paths. */
  readonly folder: string;
  readonly output: string;
  readonly job: BatchJob;
  /** Documents in the folder and below. */
  readonly documents: number;
  /** Worth knowing, and no reason to stop. */
  readonly notes: readonly string[];
}

/** LlamaCloud's limit for a batch. */
const MOST_FILES = 1_000;

const EXAMPLES = fileURLToPath(new URL('../../../examples/documents', import.meta.url));

const PRESETS: Readonly<Record<JobType, string>> = {
  parse_v2: 'cfg-PARSE_AGENTIC',
  extract_v2: 'cfg-EXTRACT_AGENTIC',
};

/** @throws UsageError */
export async function planDev(typedFolder: string | undefined, flags: DevFlags): Promise<DevPlan> {
  const folder = typedFolder === undefined ? EXAMPLES : typedPath(typedFolder);
  const shown = printable(typedFolder ?? folder);
  const info = await stat(folder).catch(() => undefined);
  if (info === undefined)
    throw new UsageError(`There is no folder ${shown}`, 'Give the path of a folder of documents.');
  if (!info.isDirectory()) throw new UsageError(`${shown} is not a folder`, 'Give the folder that it is in.');

  const found = await list(folder, '').catch((error: unknown) => {
    throw new UsageError(`${shown} can't be read: ${messageOf(error)}`, undefined, error);
  });
  if (found.documents === 0) {
    throw new UsageError(`There are no documents in ${shown}`, 'Hidden files (.name) are left out.');
  }
  if (found.documents > MOST_FILES) {
    throw new UsageError(
      `${shown} has more than ${MOST_FILES.toLocaleString('en')} files, and a LlamaCloud batch takes no more`,
      'Give a folder with fewer, such as one of its sub-folders; each is a run of its own.',
    );
  }

  const output = typedPath(flags.output);
  await checkOutput(output, flags.output);
  return {
    folder,
    output,
    job: { type: flags.job, configurationId: flags.configuration ?? PRESETS[flags.job] },
    documents: found.documents,
    notes: [
      ...leftOutNote(found.leftOut),
      ...(isInside(output, folder)
        ? [
            `Note: ${printable(flags.output)} is inside the folder of documents, so the next run will process it as well.`,
          ]
        : []),
    ],
  };
}

const MOST_NAMED = 5;

/** What somebody may miss in the output. */
function leftOutNote(leftOut: readonly string[]): string[] {
  if (leftOut.length === 0) return [];
  const named = leftOut.slice(0, MOST_NAMED).map(printable).join(', ');
  const more = leftOut.length > MOST_NAMED ? `, and ${leftOut.length - MOST_NAMED} more` : '';
  return [`Left out, since hidden, a linked folder, or no file: ${named}${more}`];
}

interface Found {
  documents: number;
  /** Paths inside the folder. */
  readonly leftOut: string[];
}

/** Counts as the emulator lists: sub-folders too, hidden names not. Stops when there are too many. */
async function list(folder: string, inside: string, found: Found = { documents: 0, leftOut: [] }): Promise<Found> {
  for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
    if (found.documents > MOST_FILES) break;
    const path = join(inside, entry.name);
    if (entry.name.startsWith('.')) found.leftOut.push(path);
    else if (entry.isDirectory()) await list(folder, path, found);
    else if (entry.isFile() || (entry.isSymbolicLink() && !(await isFolder(join(folder, path))))) found.documents += 1;
    else found.leftOut.push(path);
  }
  return found;
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

async function checkOutput(output: string, typed: string): Promise<void> {
  try {
    await openOutputStore(output).check();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new UsageError(
      `--output ${printable(typed)} can't be written to: ${messageOf(cause)}`,
      'Give a folder that you may write to, such as --output ./out',
      error,
    );
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way.startsWith('..') || way.startsWith('/'));
}

/** Node's messages end with the call that failed, which says nothing to a person. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^\w+: /, '').replace(/, \w+ '.*'$/s, '') : String(error);
}
