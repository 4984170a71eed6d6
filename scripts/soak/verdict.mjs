// Counts what came out of a soak, from what is on disk, in the emulator and on the server, and holds the run's own report to it.
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { sha256 } from './plan.mjs';

/** Faults of requests that were answered with 200 all the same. */
const FAULTS_WITH_200 = new Set(['truncated', 'truncated-unframed', 'empty', 'wrong-json', 'html']);

/**
 * @param folder The run's folder: what is in there beside `kept` has been written outside the output folder.
 * @param texts Logs and histories, in which no secret may be.
 * @returns Counts by their name.
 */
export async function verdictOf({ emulator, directory, contents, folder, kept, output, report, secrets, texts }) {
  const batches = emulator.batches.list().filter((batch) => batch.directoryId === directory.id);
  const paths = await filesBelow(output);
  const documents = paths.filter((path) => path.endsWith('.md'));
  const lines = parseLines(await readFile(join(output, report.batchId, 'manifest.jsonl'), 'utf8'));
  const documentIds = documents.map((path) => basename(path, '.md'));
  const listedIds = lines.map(({ fileId }) => fileId);
  const remote = await remoteDocuments(emulator, report.batchId);
  const wrong = await Promise.all(
    lines.map(async (line) => {
      const expected = remote.get(line.fileId);
      const written = line.output === null ? undefined : await readFile(line.output).catch(() => undefined);
      const isRight =
        expected !== undefined &&
        written?.equals(expected) === true &&
        expected.toString() === contents.get(line.fileId) &&
        line.bytes === expected.length &&
        line.sha256 === sha256(expected) &&
        dirname(line.output) === join(output, report.batchId) &&
        basename(line.output).startsWith(`${line.name}.`);
      return !isRight;
    }),
  );
  const allTexts = [...texts, ...(await Promise.all(paths.map((path) => readFile(path, 'utf8'))))];
  return {
    'batches created': batches.length,
    'batches not cancelled': batches.filter(({ status }) => status !== 'CANCELLED').length,
    'files in': directory.files.length,
    'documents out': new Set(documentIds).size,
    'manifest lines': lines.length,
    duplicates: duplicatesOf(documentIds) + duplicatesOf(listedIds),
    'wrong documents': wrong.filter(Boolean).length,
    'wrong counts': wrongCounts(report, lines),
    'files elsewhere':
      (await strangersIn(folder, kept)).length + paths.filter((path) => !isExpected(output, report, path)).length,
    'secrets found': allTexts.filter((text) => secrets.some((secret) => text.includes(secret))).length,
  };
}

/** What the counts have to be for n files. */
export function expected(files) {
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

/** Successful requests by operation. Each of these has to have succeeded while faults were active. */
export function successesOf(emulator, operations) {
  return Object.fromEntries(
    Object.entries(operations).map(([name, target]) => {
      const answered = emulator.requests.filter((request) => request.status === 200 && matches(target, request));
      const spoilt = emulator.faults.hits.filter((hit) => FAULTS_WITH_200.has(hit.kind) && matches(target, hit));
      return [name, answered.length - spoilt.length];
    }),
  );
}

function matches({ method, path }, request) {
  return request.method === method && (typeof path === 'string' ? request.path === path : path.test(request.path));
}

/** The files below a folder. */
export async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** What is in the output folder of a run over one batch. */
function isExpected(output, { batchId }, path) {
  const [top, ...rest] = relative(output, path).split('/');
  if (rest.length === 0) return top === '.store-id';
  if (top === '.tmp') return true;
  const isDocument = rest.length === 1 && (rest[0] === 'manifest.jsonl' || rest[0].endsWith('.md'));
  return top === batchId && (isDocument || rest[0] === 'runs');
}

async function strangersIn(folder, kept) {
  const paths = await filesBelow(folder);
  return paths.filter((path) => !kept.some((each) => path.startsWith(each)));
}

/** Each document as the emulator has it, by the file's id. */
async function remoteDocuments(emulator, batchId) {
  const jobs = emulator.jobs.list().filter((job) => job.batchId === batchId);
  const documents = await Promise.all(
    jobs.map(async ({ id, fileId }) => {
      const response = await fetch(emulator.jobs.presignedUrl(id, 'markdown_full'));
      return [fileId, Buffer.from(await response.arrayBuffer())];
    }),
  );
  return new Map(documents);
}

/** How many counts of the report are not those of the manifest. */
function wrongCounts({ files, bytes }, lines) {
  const countOf = (status) => lines.filter((line) => line.status === status).length;
  const pairs = [
    [files.total, lines.length],
    [files.completed, countOf('COMPLETED')],
    [files.failed, countOf('FAILED')],
    [files.cancelled, countOf('CANCELLED')],
    [files.skipped, countOf('SKIPPED')],
    [bytes, lines.reduce((sum, line) => sum + (line.bytes ?? 0), 0)],
  ];
  return pairs.filter(([reported, counted]) => reported !== counted).length;
}

function parseLines(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function duplicatesOf(ids) {
  return ids.length - new Set(ids).size;
}
