// Writes the tables and figures of a complete run into docs. The text between the tables stays.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { renderFigures } from './figures.mjs';
import { renderTables } from './tables.mjs';

const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));

export async function writeDocs(report) {
  let page = await readFile(PAGE, 'utf8');
  for (const { name, table } of [...renderTables(report), renderMachine(report)])
    page = replaceTable(page, name, table);
  await writeFile(PAGE, page);
  await mkdir(IMAGES, { recursive: true });
  for (const [file, svg] of Object.entries(renderFigures(report))) await writeFile(`${IMAGES}${file}`, svg);
}

/** Replaces what is between the two comments with the name of the table. */
function replaceTable(page, name, table) {
  const [start, end] = [`<!-- bench: ${name} -->`, `<!-- end: ${name} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/performance.md lacks ${start} … ${end}`);
  return `${page.slice(0, from + start.length)}\n${table}\n${page.slice(to)}`;
}

function renderMachine({ machine: { cpus, cpu, memoryGiB, node }, server, repeats }) {
  const description = `${cpus} cores (${cpu}), ${memoryGiB} GiB, Node ${node.slice(1)}`;
  return { name: 'machine', table: `${description}; ${server}; medians of ${repeats} interleaved repeats.` };
}
