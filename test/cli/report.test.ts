import { describe, expect, it } from 'vitest';
import { countsOf, failureLines, filesTable, reportLines } from '../../src/cli/report.js';
import { printable, shorten, table, widthOf } from '../../src/cli/text.js';
import type { BatchReport, DirectoriesReport, ManifestLine } from '../../src/index.js';

describe('the table of files', () => {
  it('shows a document relative to its folder, and why there is none', () => {
    expect(
      filesTable([completed('a.pdf'), failed('b.pdf', 'job pjb-1 of b.pdf failed: it is torn')], '/out/bat-1'),
    ).toEqual([
      '  FILE   OUTCOME    DOCUMENT, OR WHY THERE IS NONE',
      '  a.pdf  COMPLETED  a.pdf.md',
      '  b.pdf  FAILED     job pjb-1 of b.pdf failed: it is torn',
    ]);
  });

  it('keeps the whole location of a document that is elsewhere', () => {
    const [, row] = filesTable([{ ...completed('a.pdf'), output: 's3://bucket/a.md' }], '/out/bat-1');
    expect(row).toBe('  a.pdf  COMPLETED  s3://bucket/a.md');
  });

  it('ends after 20 files, of which the failed ones come first', () => {
    const lines = [...Array.from({ length: 1_020 }, (_, n) => completed(`${n}.txt`)), failed('last.pdf', 'torn')];
    const rows = filesTable(lines, '/out/bat-1');
    expect(rows).toHaveLength(22);
    expect(rows[1]).toContain('last.pdf  FAILED');
    expect(rows.at(-1)).toBe('  … and 1,001 more, see the manifest');
  });
});

describe('the report', () => {
  it('counts what there is, and nothing that there is not', () => {
    expect(countsOf(report())).toBe('3 files: 1 completed, 1 failed, 1 skipped. 2.5 kB written, 1 credit.');
    const files = { total: 1, completed: 1, failed: 0, cancelled: 0, skipped: 0 };
    expect(countsOf({ files, bytes: 1, credits: null })).toBe('1 file: 1 completed. 1 byte written.');
  });

  it('names the failures where the manifest may be out of reach', () => {
    expect(reportLines(report())).toEqual([
      'Batch bat-1 COMPLETED. 3 files: 1 completed, 1 failed, 1 skipped. 2.5 kB written, 1 credit.',
      '  b.pdf  torn',
      'Manifest   /out/bat-1/manifest.jsonl',
    ]);
  });

  it('counts directories and their files, and names the directories that failed', () => {
    expect(reportLines(ofMany(2))).toEqual([
      '5 directories: 3 completed, 2 failed. 3 files: 1 completed, 1 failed, 1 skipped. 2.5 kB written, 1 credit.',
      '  dir-0  no such directory',
      '  dir-1  no such directory',
      'Manifest   /out/directories-1/manifest.jsonl',
    ]);
    const rows = reportLines(ofMany(25));
    expect(rows).toHaveLength(23);
    expect(rows[21]).toBe('  … and 5 more, see the manifest');
  });

  it('lists the fields of an input that is not valid', () => {
    expect(failureLines({ type: 'InvalidInput', message: 'long', fields: ['job.type: wrong', 'x: unknown'] })).toEqual([
      'InvalidInput: the input is not valid',
      '  - job.type: wrong',
      '  - x: unknown',
    ]);
  });
});

describe('text for a terminal', () => {
  it('shows control characters instead of obeying them', () => {
    expect(printable('a\n\u001b[31mred\u202e')).toBe('a\\n\\u{1b}[31mred\\u{202e}');
    expect(printable('Résumé – Zoë 注文 👩‍💻')).toBe('Résumé – Zoë 注文 👩‍💻');
  });

  it('aligns columns by what they take on the screen', () => {
    expect(widthOf('注文')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    expect(
      table(
        [
          ['注文', 'x'],
          ['abcdef', 'y'],
        ],
        '',
      ),
    ).toEqual(['注文    x', 'abcdef  y']);
  });

  it('shortens in the middle, where names differ least', () => {
    expect(shorten('a-very-long-name-01.pdf', 11)).toBe('a-ver…1.pdf');
    expect(shorten('short.pdf', 11)).toBe('short.pdf');
  });
});

function completed(name: string): ManifestLine {
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

function failed(name: string, message: string): ManifestLine {
  return { ...completed(name), status: 'FAILED', output: null, error: { type: 'JobFailed', message } };
}

/** Of a run over many directories, so many of which failed. */
function ofMany(failed: number): DirectoriesReport {
  const { job, files, bytes, credits } = report();
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

function report(): BatchReport {
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
