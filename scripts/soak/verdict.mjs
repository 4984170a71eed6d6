// The counts by which a soak is judged: of the output folder, the emulator and the histories, compared with the report of the run.
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { parseLines, sha256 } from '../manifest.mjs';

/** Faults whose response has the status 200. */
const FAULTS_WITH_STATUS_200 = new Set(['truncated', 'truncated-close-delimited', 'empty', 'wrong-json', 'html']);

/**
 * @param contents The content of each file by its id.
 * @param folder The folder of the soak. A file there that is not below one of `expectedPaths` should not exist.
 * @param texts Process output and histories, which must contain none of the `secrets`.
 * @returns Counts by name; see {@link expectedCounts}.
 */
export async function readCounts({
  emulator,
  directory,
  contents,
  folder,
  expectedPaths,
  output,
  report,
  secrets,
  texts,
}) {
  const batches = emulator.batches.list().filter((batch) => batch.directoryId === directory.id);
  const batchFolder = join(output, report.batchId);
  const paths = await listFiles(output);
  const documents = paths.filter((path) => path.endsWith('.md'));
  const lines = parseLines(await readFile(join(batchFolder, 'manifest.jsonl'), 'utf8'));
  const remoteDocuments = await downloadDocuments(emulator, report.batchId);
  const areRight = await Promise.all(
    lines.map(async (line) => {
      const expected = remoteDocuments.get(line.fileId);
      const written = line.output === null ? undefined : await readFile(line.output).catch(() => undefined);
      return (
        expected !== undefined &&
        written?.equals(expected) === true &&
        expected.toString() === contents.get(line.fileId) &&
        line.bytes === expected.length &&
        line.sha256 === sha256(expected) &&
        dirname(line.output) === batchFolder &&
        basename(line.output).startsWith(`${line.name ?? line.fileId}.`)
      );
    }),
  );
  const allTexts = [...texts, ...(await Promise.all(paths.map((path) => readFile(path, 'utf8'))))];
  return {
    'batches created': batches.length,
    'batches not cancelled': batches.filter(({ status }) => status !== 'CANCELLED').length,
    'files in': directory.files.length,
    'documents out': documents.length,
    'manifest lines': lines.length,
    duplicates: countDuplicates(lines.map(({ fileId }) => fileId)) + countDuplicates(lines.map((line) => line.output)),
    'wrong documents': areRight.filter((isRight) => !isRight).length,
    'wrong counts': countWrongCounts(report, lines),
    'files elsewhere':
      (await listUnexpectedFiles(folder, expectedPaths)).length +
      paths.filter((path) => !isOutputFile(output, report, path)).length,
    'secrets found': allTexts.filter((text) => secrets.some((secret) => text.includes(secret))).length,
  };
}

/** What the counts must be for a number of files. */
export function expectedCounts(files) {
  return {
    'batches created': 1,
    'batches not cancelled': 1,
    'files in': files,
    'documents out': files,
    'manifest lines': files,
    duplicates: 0,
    'wrong documents': 0,
    'wrong counts': 0,
    'files elsewhere': 0,
    'secrets found': 0,
    'temporary files left': 0,
  };
}

/** Counts the successful requests of each operation. */
export function countSuccesses(emulator, operations) {
  return Object.fromEntries(
    Object.entries(operations).map(([name, target]) => {
      const answered = emulator.requests.filter((request) => request.status === 200 && matches(target, request));
      const faulty = emulator.faults.hits.filter((hit) => FAULTS_WITH_STATUS_200.has(hit.kind) && matches(target, hit));
      return [name, answered.length - faulty.length];
    }),
  );
}

function matches({ method, path }, request) {
  return request.method === method && (typeof path === 'string' ? request.path === path : path.test(request.path));
}

/** Lists the files below a folder, as paths. */
export async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Whether a file belongs into the output folder of a run over one batch. */
function isOutputFile(output, { batchId }, path) {
  const [top, ...rest] = relative(output, path).split('/');
  if (rest.length === 0) return top === '.store-id';
  if (top === '.tmp') return true;
  const isDocument = rest.length === 1 && (rest[0] === 'manifest.jsonl' || rest[0].endsWith('.md'));
  return top === batchId && (isDocument || rest[0] === 'runs');
}

async function listUnexpectedFiles(folder, expectedPaths) {
  const paths = await listFiles(folder);
  return paths.filter((path) => !expectedPaths.some((expected) => path.startsWith(expected)));
}

/** Downloads the documents of the batch from the emulator; returns them by file id. */
async function downloadDocuments(emulator, batchId) {
  const jobs = emulator.jobs.list().filter((job) => job.batchId === batchId);
  const documents = await Promise.all(
    jobs.map(async ({ id, fileId }) => {
      const response = await fetch(emulator.jobs.presignedUrl(id, 'markdown_full'));
      return [fileId, Buffer.from(await response.arrayBuffer())];
    }),
  );
  return new Map(documents);
}

/** Compares the counts of the report with those of the manifest. */
function countWrongCounts({ files, bytes }, lines) {
  const countStatus = (status) => lines.filter((line) => line.status === status).length;
  const pairs = [
    [files.total, lines.length],
    [files.completed, countStatus('COMPLETED')],
    [files.failed, countStatus('FAILED')],
    [files.cancelled, countStatus('CANCELLED')],
    [files.skipped, countStatus('SKIPPED')],
    [bytes, lines.reduce((sum, line) => sum + (line.bytes ?? 0), 0)],
  ];
  return pairs.filter(([reported, counted]) => reported !== counted).length;
}

function countDuplicates(ids) {
  return ids.length - new Set(ids).size;
}
