import { describe, expect, it } from 'vitest';
import { renderProgress } from '../../../src/cli/runs/progress-details.js';
import { renderProgressLine } from '../../../src/cli/runs/progress-line.js';
import { renderBar, toLineKey } from '../../../src/cli/runs/progress-view.js';
import type { AnyProgress } from '../../../src/cli/runs/run-types.js';
import { displayWidth } from '../../../src/cli/text.js';
import type { DirectoriesProgress, FileCounts } from '../../../src/index.js';
import type { BatchProgress } from '../../../src/protocol/index.js';

const BATCH_ID = 'bat-0d9c3a52-6f1e-4b7a-9a34-1c2d3e4f5a6b';

describe('the progress line', () => {
  it('shows the status of the batch after the phase, and no id', () => {
    expect(renderProgressLine(batchProgress())).toBe('Waiting for LlamaCloud: RUNNING');
    expect(renderProgressLine({ ...batchProgress(), batchStatus: null })).toBe('Waiting for LlamaCloud');
  });

  it('says only `Stopping` of a run that stops, since it may leave its batch running', () => {
    expect(renderProgressLine(batchProgress({ phase: 'stopping' }))).toBe('Stopping: RUNNING');
  });

  it('counts the files once they are known', () => {
    const progress = batchProgress({ phase: 'processing', files: counts({ total: 10, completed: 2, failed: 1 }) });
    expect(renderProgressLine(progress)).toBe('Collecting the documents: 3 of 10 files, 1 failed');
  });

  it('shows the files of the directory while LlamaCloud works, and the jobs that have ended', () => {
    const waiting = batchProgress({ directoryFileCount: 40 });
    expect(renderProgressLine(waiting)).toBe('Waiting for LlamaCloud: RUNNING, 40 files in the directory');
    const files = counts({ total: 40, completed: 2 });
    const processing = batchProgress({ phase: 'processing', files, directoryFileCount: 40, jobsEnded: 7 });
    expect(renderProgressLine(processing)).toBe('Collecting the documents: 2 of 40 files, 7 jobs ended');
    expect(render('RUNNING', waiting)).toContain('  Files   40 in the directory');
    expect(render('RUNNING', processing)).toContain('  Jobs    7 of 40 ended in LlamaCloud');
  });

  it('is printed again, without a terminal, for each tenth of the files and of the jobs', () => {
    const files = counts({ total: 100 });
    const states = [0, 5, 10, 19, 20].map((jobsEnded) => ({
      ...batchProgress({ phase: 'processing', files }),
      jobsEnded,
    }));
    expect(new Set(states.map(toLineKey)).size).toBe(3);
  });

  it('does not show the last status of the batch of a run that has ended', () => {
    expect(renderProgressLine(batchProgress({ phase: 'cancelled' }))).toBe('Cancelled');
  });

  it('leaves out the details that do not fit, and cuts none of them', () => {
    const progress = batchProgress({
      phase: 'processing',
      files: counts({ total: 1_000, completed: 700, failed: 12 }),
    });
    expect(renderProgressLine(progress, 60)).toBe('Collecting the documents: 712 of 1,000 files, 12 failed');
    expect(renderProgressLine(progress, 50)).toBe('Collecting the documents: 712 of 1,000 files');
    expect(renderProgressLine(progress, 30)).toBe('Collecting the documents');
  });
});

describe('the progress bar', () => {
  it.each([60, 80, 100, 160])('fits in %d columns in every phase', (columns) => {
    const files = counts({ total: 1_000, completed: 700, failed: 100, cancelled: 100, skipped: 100 });
    for (const phase of ['opening', 'creating', 'waiting', 'processing', 'stopping', 'cancelled'] as const) {
      for (const progress of [batchProgress({ phase }), batchProgress({ phase, files })]) {
        const bar = renderBar(progress, columns);
        expect(displayWidth(bar)).toBeLessThan(columns);
        expect(bar).toContain(renderProgressLine({ ...progress, files: counts({}), batchStatus: null }));
      }
    }
  });

  it('shows the status at 60 columns, and all counts at 100', () => {
    expect(renderBar(batchProgress(), 60)).toBe('  ░░░░░░░░░░  Waiting for LlamaCloud: RUNNING');
    const progress = batchProgress({ phase: 'processing', files: counts({ total: 10, completed: 4, failed: 1 }) });
    expect(renderBar(progress, 100)).toBe(
      `  ${'█'.repeat(15)}${'░'.repeat(15)}  Collecting the documents: 5 of 10 files, 1 failed`,
    );
  });
});

describe('the progress in several lines', () => {
  it('counts the same in every line', () => {
    const files = counts({ total: 10, completed: 2, failed: 1, skipped: 1 });
    const progress = batchProgress({ phase: 'processing', files, running: 3, jobsEnded: 5 });
    expect(render('RUNNING', progress)).toEqual([
      'Collecting the documents: 4 of 10 files, 1 failed, 1 skipped, 5 jobs ended',
      '  Run     RUNNING, started 2026-11-27T10:00:00.000Z',
      `  Batch   ${BATCH_ID}`,
      '  Status  RUNNING',
      '  Files   4 of 10 files: 2 completed, 1 failed, 1 skipped. 3 being collected',
      '  Jobs    5 of 10 ended in LlamaCloud',
    ]);
  });

  it('says what blocks the run, and which files have failed', () => {
    const lastFailures = [{ fileId: 'dfl-1', name: 'bad\n.pdf', type: 'JobFailed', message: 'it is torn' }];
    const lines = render('RUNNING', batchProgress({ lastFailures }), 'LlamaCloud answered 503');
    expect(lines).toContain('  Blocked by  LlamaCloud answered 503');
    expect(lines).toContain('  Failed      bad\\n.pdf: it is torn');
  });

  it('counts directories, and the files of the batches that have ended', () => {
    const directories = counts({ total: 12, completed: 2, failed: 1 });
    const progress = directoriesProgress(directories, counts({ total: 30, completed: 29, failed: 1 }));
    expect(render('RUNNING', progress)).toEqual([
      'Processing the directories: 3 of 12 directories, 1 failed, 29 documents',
      '  Run          RUNNING, started 2026-11-27T10:00:00.000Z',
      '  Directories  3 of 12 directories: 2 completed, 1 failed. 3 being processed',
      '  Files        30 of 30 files: 29 completed, 1 failed',
    ]);
  });
});

function render(status: string, progress: AnyProgress, blockedBy: string | null = null) {
  return renderProgress({ status, progress, blockedBy, failure: undefined });
}

function counts(given: Partial<FileCounts>): FileCounts {
  return { total: 0, completed: 0, failed: 0, cancelled: 0, skipped: 0, ...given };
}

function batchProgress(given: Partial<BatchProgress> = {}): BatchProgress {
  return {
    phase: 'waiting',
    directoryId: 'dir-1',
    job: { type: 'parse_v2', configurationId: 'cfg-PARSE_AGENTIC' },
    batchId: BATCH_ID,
    batchStatus: 'RUNNING',
    directoryFileCount: null,
    jobsEnded: 0,
    waitingFor: null,
    files: counts({}),
    running: 0,
    pause: null,
    stuck: null,
    maxConcurrentJobs: null,
    lastFailures: [],
    failure: null,
    startedAt: '2026-11-27T10:00:00.000Z',
    manifest: null,
    ...given,
  };
}

function directoriesProgress(directories: FileCounts, files: FileCounts): DirectoriesProgress {
  const { job, running, pause, stuck, maxConcurrentJobs, failure, startedAt, manifest } = batchProgress({ running: 3 });
  return {
    phase: 'processing',
    job,
    directories,
    files,
    running,
    pause,
    stuck,
    stuckDirectories: [],
    maxConcurrentJobs,
    lastFailures: [],
    failure,
    startedAt,
    manifest,
  };
}
