import { describe, expect, it } from 'vitest';
import {
  renderFailure,
  renderFileCounts,
  renderFileTable,
  renderReport,
  renderRunFailure,
} from '../../../src/cli/runs/report.js';
import type { BatchReport, CorpusReport, DirectoriesReport, ManifestLine } from '../../../src/index.js';

describe('the report of a corpus', () => {
  const report: CorpusReport = {
    source: '/in',
    output: '',
    job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    files: { total: 4, completed: 2, failed: 0, cancelled: 0, skipped: 2 },
    unchanged: 1_000,
    gone: 0,
    failures: [],
    bytes: 8,
    credits: 20,
    manifest: null,
  };

  it('compares the estimate with what was billed, and says what is left of the budget', () => {
    const estimate = { files: 2, pages: { low: 2, high: 3 }, credits: { low: 20, high: 30 }, counted: 0 };
    const budget = { maxCredits: 1_000.5, spent: 990, estimate, unbilled: 1, filesLeft: 2 };
    expect(renderReport({ ...report, budget })).toEqual([
      '2 processed, 1,000 unchanged, 0 failed, 2 skipped, 0 gone. 8 bytes written, 20 credits.',
      'Estimated 20 to 30 credits, billed 20 (not yet for 1 file).',
      '990 of 1,000.5 credits are spent, 2 files left.',
    ]);
  });

  it('says nothing of a budget where there is none', () => {
    expect(renderReport(report)).toHaveLength(1);
  });
});

describe('the table of files', () => {
  it('shows for each file its document, relative to the folder, or why there is none', () => {
    const lines = [completedLine('a.pdf'), failedLine('b.pdf', 'job pjb-1 of b.pdf failed: it is torn')];
    expect(renderFileTable(lines, '/out/bat-1')).toEqual([
      '  FILE   OUTCOME    DOCUMENT, OR WHY THERE IS NONE',
      '  a.pdf  COMPLETED  a.pdf.md',
      '  b.pdf  FAILED     job pjb-1 of b.pdf failed: it is torn',
    ]);
  });

  it('shows the full location of a document that is not in the folder', () => {
    const [, row] = renderFileTable([{ ...completedLine('a.pdf'), output: 's3://bucket/a.md' }], '/out/bat-1');
    expect(row).toBe('  a.pdf  COMPLETED  s3://bucket/a.md');
  });

  it('ends after 20 files, the failed ones first', () => {
    const completed = Array.from({ length: 1_020 }, (_, n) => completedLine(`${n}.txt`));
    const rows = renderFileTable([...completed, failedLine('last.pdf', 'torn')], '/out/bat-1');
    expect(rows).toHaveLength(22);
    expect(rows[1]).toContain('last.pdf  FAILED');
    expect(rows.at(-1)).toBe('  … and 1,001 more, see the manifest');
  });
});

describe('the report', () => {
  it('leaves out the outcomes that did not occur, and credits that are not known', () => {
    expect(renderFileCounts(batchReport())).toBe(
      '3 files: 1 completed, 1 failed, 1 skipped. 2.5 kB written, 1 credit.',
    );
    const files = { total: 1, completed: 1, failed: 0, cancelled: 0, skipped: 0 };
    expect(renderFileCounts({ files, bytes: 1, credits: null })).toBe('1 file: 1 completed. 1 byte written.');
  });

  it('names the failed files with their reasons, and says where the documents are', () => {
    expect(renderReport(batchReport())).toEqual([
      '3 files: 1 completed, 1 failed, 1 skipped. 2.5 kB written, 1 credit.',
      '  b.pdf  torn',
      'Batch      bat-1 COMPLETED',
      'Documents  /out/bat-1',
      'Manifest   /out/bat-1/manifest.jsonl',
    ]);
  });

  it('says where the documents are of a run whose manifest is in a folder of its own', () => {
    for (const [manifest, folder] of [
      ['/out/bat-1/runs/3f8a/manifest.jsonl', '/out/bat-1'],
      ['s3://bucket/bat-1/manifest.jsonl', 's3://bucket/bat-1'],
      ['/out/renamed/manifest.jsonl', '/out/renamed'],
    ] as const) {
      expect(renderReport({ ...batchReport(), manifest })).toContain(`Documents  ${folder}`);
    }
  });

  it('counts the failures that it does not name', () => {
    const files = { total: 300, completed: 0, failed: 250, cancelled: 50, skipped: 0 };
    const failures = Array.from({ length: 100 }, (_, n) => ({
      fileId: `dfl-${n}`,
      type: 'JobFailed',
      message: 'torn',
    }));
    expect(renderReport({ ...batchReport(), files, failures })).toContain('  … and 280 more, see the manifest');
    const withoutManifest = { ...batchReport(), files, failures, manifest: null };
    expect(renderReport(withoutManifest)).toContain('  … and 280 more');
  });

  it('counts directories and their files, and names the directories that failed', () => {
    expect(renderReport(directoriesReport(2))).toEqual([
      '5 directories: 3 completed, 2 failed. 3 files: 1 completed, 1 failed, 1 skipped. 2.5 kB written, 1 credit.',
      '  dir-0  no such directory',
      '  dir-1  no such directory',
      'Documents  /out, one folder for each batch',
      'Manifest   /out/directories-1/manifest.jsonl',
    ]);
    expect(renderReport(directoriesReport(25))).toContain('  … and 5 more, see the manifest');
  });

  it('calls a cancelled or terminated run so, and says what else is known', () => {
    const before = 'the run was cancelled before batch bat-1 had been collected; 2 of its jobs were cancelled';
    expect(renderRunFailure({ type: 'Cancelled', message: 'the run was cancelled' })).toEqual([
      'the run was cancelled',
    ]);
    expect(renderRunFailure({ type: 'Cancelled', message: before })).toEqual([before]);
    expect(renderRunFailure({ type: 'Cancelled', message: 'Workflow cancelled' })).toEqual([
      'the run was cancelled. Workflow cancelled',
    ]);
    expect(renderRunFailure({ type: 'Terminated', message: 'the run was terminated' })).toEqual([
      'the run was terminated',
    ]);
    expect(renderRunFailure({ type: 'NotFound', message: 'no such batch' })).toEqual([
      'the run failed. NotFound: no such batch',
    ]);
  });

  it('lists the fields of an input that is not valid', () => {
    const failure = { type: 'InvalidInput', message: 'long', fields: ['job.type: wrong', 'x: unknown'] };
    expect(renderFailure(failure)).toEqual([
      'InvalidInput: the input is not valid',
      '  - job.type: wrong',
      '  - x: unknown',
    ]);
  });
});

function completedLine(name: string): ManifestLine {
  return {
    fileId: `dfl-${name}`,
    name,
    jobId: 'pjb-1',
    jobType: 'parse_v2',
    status: 'COMPLETED',
    output: `/out/bat-1/${name}.md`,
    bytes: 1,
    sha256: 'aa',
    credits: 1,
    error: null,
  };
}

function failedLine(name: string, message: string): ManifestLine {
  return { ...completedLine(name), status: 'FAILED', output: null, error: { type: 'JobFailed', message } };
}

function directoriesReport(failed: number): DirectoriesReport {
  const { job, files, bytes, credits } = batchReport();
  return {
    job,
    directories: { total: failed + 3, completed: 3, failed, cancelled: 0, skipped: 0 },
    files,
    failures: Array.from({ length: failed }, (_, i) => ({
      directoryId: `dir-${i}`,
      type: 'NotFound',
      message: 'no such directory',
    })),
    bytes,
    credits,
    manifest: '/out/directories-1/manifest.jsonl',
  };
}

function batchReport(): BatchReport {
  return {
    batchId: 'bat-1',
    directoryId: 'dir-1',
    job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    status: 'COMPLETED',
    files: { total: 3, completed: 1, failed: 1, cancelled: 0, skipped: 1 },
    failures: [{ fileId: 'dfl-b', name: 'b.pdf', type: 'JobFailed', message: 'torn' }],
    bytes: 2_500,
    credits: 1,
    manifest: '/out/bat-1/manifest.jsonl',
  };
}
