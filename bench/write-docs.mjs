// Puts the tables and figures of a whole run into docs. What people wrote between the tables stays.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { figuresOf } from './figures.mjs';
import { tablesOf } from './tables.mjs';

const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));

export async function writeDocs(report) {
  let page = await readFile(PAGE, 'utf8');
  for (const { name, table } of [...tablesOf(report), machineOf(report)]) page = withTable(page, name, table);
  await writeFile(PAGE, page);
  await mkdir(IMAGES, { recursive: true });
  for (const [file, svg] of Object.entries(figuresOf(report))) await writeFile(`${IMAGES}${file}`, svg);
}

/** Between the two comments that bear its name. */
function withTable(page, name, table) {
  const [start, end] = [`<!-- bench: ${name} -->`, `<!-- end: ${name} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/performance.md has no place for ${name}: ${start} … ${end}`);
  return `${page.slice(0, from + start.length)}\n${table}\n${page.slice(to)}`;
}

function machineOf({ machine: { cpus, cpu, memoryGiB, node }, repeats }) {
  const what = `${cpus} cores (${cpu}), ${memoryGiB} GiB, Node ${node.slice(1)}`;
  return { name: 'machine', table: `${what}; medians of ${repeats} interleaved repeats.` };
}
