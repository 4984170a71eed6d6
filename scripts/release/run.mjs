import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** `npm run --silent` would silence the npm that this starts too, with the reason of a failure. */
const NPM = { npm_config_loglevel: 'warn' };

/** Runs a command to its end. Never throws for its exit code. `output` is its stdout and stderr, `stdout` is only that. */
export async function run(command, args, { cwd, env = {} } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...NPM, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  return { ok: code === 0, stdout, output: output.trim() };
}

/** Runs a command that must succeed. @returns Its stdout. @throws Error with its output. */
export async function mustRun(command, args, options) {
  const { ok, stdout, output } = await run(command, args, options);
  if (!ok) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
  return stdout;
}
