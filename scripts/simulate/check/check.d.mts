/** @returns what is wrong, one sentence each */
export function check(evidence: unknown): string[];
