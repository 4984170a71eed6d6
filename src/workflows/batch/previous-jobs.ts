import type { ManifestLine, PreviousJob } from '../../protocol/index.js';

/** Adds the jobs that FAILED before the one of the line, and what they have cost. */
export function addPreviousJobs(line: ManifestLine, previousJobs: PreviousJob[] | undefined): ManifestLine {
  if (previousJobs === undefined || previousJobs.length === 0) return line;
  const billed = [line.credits, ...previousJobs.map(({ credits }) => credits)].filter((credits) => credits !== null);
  const credits = billed.length === 0 ? null : billed.reduce((sum, each) => sum + each, 0);
  return { ...line, credits, previousJobs };
}
