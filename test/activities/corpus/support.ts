import type { CorpusLine, CorpusRun } from '../../../src/protocol/index.js';

/** A line of a file that was processed. */
export function corpusLine(fields: Partial<CorpusLine> & { path: string }): CorpusLine {
  return {
    status: 'COMPLETED',
    size: 1,
    changeToken: 't',
    sha256: 'a'.repeat(64),
    jobType: 'parse_v2',
    configurationId: 'cfg-PARSE_AGENTIC',
    configurationVersion: null,
    collect: 'markdown',
    directoryId: 'dir-1',
    fileId: 'dfl-1',
    batchId: 'bat-1',
    jobId: 'pjb-1',
    output: '/out/a.md',
    outputBytes: 1,
    outputSha256: 'b'.repeat(64),
    credits: 3,
    error: null,
    ...fields,
  };
}

/** A run that has just begun. */
export function corpusRun(fields: Partial<CorpusRun> & { source: string; storeId: string }): CorpusRun {
  return {
    scope: {},
    output: 'legal',
    job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    collect: 'markdown',
    failedFiles: 'retry',
    goneFiles: 'keep',
    runId: 'run-1',
    sourceId: null,
    generation: 'none',
    configurationVersion: null,
    ...fields,
  };
}
