import { inspect } from 'node:util';

const entries: unknown[] = [];

export function addLogged(entry: unknown): void {
  entries.push(entry);
}

export function clearLogged(): void {
  entries.length = 0;
}

/** What workers and workflows have logged in this test file. Made into text only here: most tests never read it. */
export function readLogged(): string[] {
  return entries.map((entry) => inspect(entry, { depth: 10 }));
}
