/** What a run does with one path of a corpus: it compares the source with the line of the last run. */
import type { CorpusLine, CorpusRun, FailureSummary, FailureType } from '../../protocol/index.js';
import type { SourceFile } from '../../sources/index.js';

/** - `compare-content`: only the content can tell whether it has changed. */
export type FileDecision = 'process' | 'unchanged' | 'compare-content';

/** Compares a file that LlamaCloud may take with its line. */
export function decideFile(
  run: Pick<CorpusRun, 'job' | 'collect' | 'configurationVersion' | 'failedFiles'>,
  { size, changeToken }: Pick<SourceFile, 'size' | 'changeToken'>,
  line: CorpusLine | undefined,
): FileDecision {
  if (line === undefined || !isSettled(line, run.failedFiles) || !isOfConfiguration(line, run)) return 'process';
  if (line.size !== size) return 'process';
  if (line.changeToken === changeToken) return 'unchanged';
  return line.sha256 === null ? 'process' : 'compare-content';
}

/** Failures of the file itself. Any other may pass: the batch failed, or its document was not collected. */
const FAILURES_OF_FILE: ReadonlySet<string> = new Set<FailureType>(['JobFailed', 'FileRejected']);

/** Whether the outcome of the last run stands while the file and the configuration stay as they are. */
function isSettled(line: CorpusLine, failedFiles: CorpusRun['failedFiles']): boolean {
  const { status, error, output } = line;
  if (wasUnreadable(line)) return true;
  if (status === 'FAILED') return failedFiles === 'keep' && FAILURES_OF_FILE.has(error?.type ?? '');
  // A file may come back as it was. Without a document there is nothing that it could have again.
  return status === 'COMPLETED' || (status === 'GONE' && output !== null);
}

/** A file that could not be read in the last run, and has the document of an earlier one. */
function wasUnreadable({ status, error, output }: CorpusLine): boolean {
  const isOfSource = error?.type === 'FileUnreadable' || error?.type === 'FileRejected';
  return status === 'FAILED' && output !== null && isOfSource;
}

/** A version that is not known, now or then, says nothing: the id is the same. */
function isOfConfiguration(
  line: CorpusLine,
  run: Pick<CorpusRun, 'job' | 'collect' | 'configurationVersion'>,
): boolean {
  const { job, collect, configurationVersion: version } = run;
  if (line.jobType !== job.type || line.configurationId !== job.configurationId || line.collect !== collect)
    return false;
  return line.configurationVersion === null || version === null || line.configurationVersion === version;
}

/** The line of a file that has not changed, with what the source says of it now. */
export function toUnchangedLine(
  line: CorpusLine,
  { size, changeToken }: Pick<SourceFile, 'size' | 'changeToken'>,
  { configurationVersion }: Pick<CorpusRun, 'configurationVersion'>,
): CorpusLine {
  return {
    ...line,
    ...(line.status === 'GONE' || wasUnreadable(line) ? { status: 'COMPLETED', error: null } : {}),
    size,
    changeToken,
    // From now on a change is noticed.
    configurationVersion: line.configurationVersion ?? configurationVersion,
  };
}

/** The line of a file that has no document. */
export function toLineWithoutDocument(
  { job, collect, configurationVersion }: Pick<CorpusRun, 'job' | 'collect' | 'configurationVersion'>,
  file: { path: string; size?: number | null; changeToken?: string | null; sha256?: string | null },
  status: CorpusLine['status'],
  error: FailureSummary,
): CorpusLine {
  return {
    path: file.path,
    status,
    size: file.size ?? null,
    changeToken: file.changeToken ?? null,
    sha256: file.sha256 ?? null,
    jobType: job.type,
    configurationId: job.configurationId,
    configurationVersion,
    collect,
    directoryId: null,
    fileId: null,
    batchId: null,
    jobId: null,
    output: null,
    outputBytes: null,
    outputSha256: null,
    credits: null,
    error,
  };
}
