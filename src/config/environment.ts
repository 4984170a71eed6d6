/** Reading environment variables, and saying what is wrong with them. */

/** Variables by name. */
export type Environment = Record<string, string | undefined>;

/** The configuration is invalid. Lists all problems, each with the name of its variable. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Invalid configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** The names of LlamaIndex have one underscore more than ours. A variable under the wrong one would be ignored, and its default used. */
export function findMistakenNames(env: Environment, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const mistaken = name.startsWith('LLAMA_CLOUD_')
      ? name.replace('LLAMA_CLOUD_', 'LLAMACLOUD_')
      : name.replace('LLAMACLOUD_', 'LLAMA_CLOUD_');
    const isMistaken = readText(env, mistaken) !== undefined && readText(env, name) === undefined;
    return isMistaken ? [`${mistaken} is not read: the name is ${name}`] : [];
  });
}

/** Returns what `read` returns. If it throws a ConfigError, records its problems, and returns `undefined`. */
export function readOrRecordProblems<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** The text of a variable, without the white space around it; `undefined` if it is empty. */
export function readText(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
