import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../../src/testing/temporal/run-command.js';
import { until } from '../../support/until.js';
import { temporaryFolder } from './fixtures.js';

const { env, execPath: node } = process;

describe('a command', () => {
  it('resolves with its output, in the environment that it is given', async () => {
    const script = 'process.stdout.write(process.env.GREETING); process.stderr.write("aside")';
    const result = await runCommand(node, ['-e', script], { env: { ...env, GREETING: 'hello' } });
    expect(result).toEqual({ code: 0, stdout: 'hello', stderr: 'aside' });
  });

  it('that fails resolves with its exit code and its output', async () => {
    const script = 'console.log("out"); console.error("err"); process.exit(3)';
    expect(await runCommand(node, ['-e', script], { env })).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('that reads from stdin does not wait for input', async () => {
    const script = 'process.stdin.on("end", () => console.log("no input")).resume()';
    expect(await runCommand(node, ['-e', script], { env })).toMatchObject({ stdout: 'no input\n' });
  });

  it('that does not exist rejects', async () => {
    await expect(runCommand('no-such-command', [], { env })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that is aborted rejects, and is killed even if it ignores SIGTERM', async () => {
    const abort = new AbortController();
    const pidFile = join(await temporaryFolder(), 'pid');
    const script = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6);
      require('node:fs').writeFileSync(process.argv[1], String(process.pid));`;
    const running = runCommand(node, ['-e', script, pidFile], { env, signal: abort.signal });
    const readPid = async () => Number(await readFile(pidFile, 'utf8').catch(() => '')) || undefined;
    const pid = await until('the pid', readPid, 60_000);
    abort.abort();
    await expect(running).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(isRunning(pid)).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
