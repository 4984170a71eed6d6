import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/** A test file, such as `client/schedules`, followed by names of tests in it: *name*, *name*. */
const QUOTED = /`([a-z-]+(?:\/[a-z0-9-]+)+(?:\.properties)?|[a-z-]+(?=`: \*))`((?:(?:: |, )\*[^*]+\*)*)/g;

test('every test that the guarantees quote exists', async () => {
  const page = await readFile(new URL('docs/guarantees.md', ROOT), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  const quoted = rows.flatMap((row) => [...lastCell(row).matchAll(QUOTED)]);
  expect(quoted.length).toBeGreaterThan(10);
  const missing: string[] = [];
  for (const [, file = '', names = ''] of quoted) {
    const code = await readFile(new URL(`test/${file}.test.ts`, ROOT), 'utf8').catch(() => '');
    if (code === '') missing.push(file);
    for (const [, name = ''] of names.matchAll(/\*([^*]+)\*/g)) {
      if (!code.replaceAll("\\'", "'").includes(name)) missing.push(`${file}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

function lastCell(row: string): string {
  return row.split(' | ').at(-1) ?? '';
}
