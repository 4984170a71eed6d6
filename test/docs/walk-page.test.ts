import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newFolder } from '../support/new-folder.js';
import { readSections, Walk } from './walk-page.js';

async function startWalk(section: string): Promise<Walk> {
  const path = join(await newFolder('page-'), 'page.md');
  await writeFile(path, `# Page\n\n## Without commands\n\nText.\n\n## Section\n\n${section}`);
  const sections = await readSections(path);
  expect([...sections.keys()]).toEqual(['Section']);
  return await Walk.start('Section', sections.get('Section') ?? [], { GREETING: 'good morning' });
}

const sh = (script: string, printed?: string) =>
  `Do it:\n\n\`\`\`sh\n${script}\n\`\`\`\n\n${printed === undefined ? '' : `\`\`\`text\n${printed}\n\`\`\`\n\n`}`;

test('a walk runs the blocks of a section in a shell, with what the reader fills in and types', async () => {
  const walk = await startWalk(
    sh('export ID=bat-... # a column') +
      sh('read -r NAME\nexport NAME\necho "$GREETING, $NAME"; echo; echo "  A  B"', 'good ..., Ada\nA   B') +
      sh('echo "$ID" "$NAME" >&2; temporal --version | head -1; false'),
  );
  await walk.step({ values: { ID: 'bat-7' } });
  await walk.step({ input: 'Ada\n' });
  expect(await walk.step({ code: 1 })).toMatch(/^bat-7 Ada\ntemporal version/);
  walk.end();
});

test.each([
  ['a line of the page is not printed', sh('echo one two', 'one'), {}],
  ['the lines are printed in another order', sh('echo two; echo one', 'one\ntwo'), {}],
  ['a command fails', sh('false; echo on', 'on'), {}],
  ['a command fails with another exit code', sh('exit 2'), { code: 1 }],
  ['a variable is not set', sh('echo "$NOBODY"'), {}],
  ['a variable that is not exported is used in the next block', sh('A=1') + sh('echo "$A"'), {}],
  ['the reader has no value to fill in', sh('export ID=bat-...'), {}],
  ['the reader has a value for a variable that the page does not set', sh('true'), { values: { ID: 'bat-7' } }],
])('a walk fails where %s', async (_what, section, options) => {
  const walk = await startWalk(section);
  const steps = async () => {
    for (const _ of section.matchAll(/```sh/g)) await walk.step(options);
  };
  await expect(steps()).rejects.toThrow();
});

test('a walk fails where a block of its section was not run, or there is none', async () => {
  const walk = await startWalk(sh('echo one') + sh('echo two'));
  await walk.step();
  expect(() => walk.end()).toThrow();
  await walk.step();
  walk.end();
  await expect(walk.step()).rejects.toThrow('has no more blocks');
});

test('what a walk has started ends with its test, and a worker of the page may go on until then', async () => {
  const walk = await startWalk(
    sh('temporal-llamacloud() { echo "Polling $$"; sleep 1000; }\ntemporal-llamacloud worker', 'Polling ...'),
  );
  const [, pid = ''] = /Polling (\d+)/.exec(await walk.step()) ?? [];
  expect(() => process.kill(Number(pid), 0)).not.toThrow();
  started = Number(pid);
});

let started = 0;

test('and has ended then', () => {
  expect(started).toBeGreaterThan(0);
  expect(() => process.kill(started, 0)).toThrow('ESRCH');
});
