import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const ARGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'];

/** Starts headless Chromium with an empty profile. It is installed or downloaded if it is not there. `close()` ends it. */
export async function startBrowser(): Promise<Browser> {
  const { stdout } = await promisify(execFile)('bash', [join(ROOT, 'scripts/chromium.sh')], {
    env: { ...process.env, CHROMIUM_FOLDER: join(ROOT, '.examples/chromium') },
  });
  const [executablePath = '', folder = ''] = stdout.split('\n');
  return await chromium.launch({
    executablePath,
    args: ARGS,
    // On a busy machine it may take a minute.
    timeout: 300_000,
    ...(folder === '' ? {} : { env: toUnpackedEnv(folder) }),
  });
}

/** For a package that was unpacked into a folder: where its libraries and its fonts are. The system may have the fonts already. */
function toUnpackedEnv(folder: string): Record<string, string> {
  // A part of PulseAudio's library is in a folder of its own.
  const libraries = ['x86_64', 'aarch64'].flatMap((machine) =>
    ['', 'pulseaudio'].map((name) => join(folder, `usr/lib/${machine}-linux-gnu`, name)),
  );
  return {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    LD_LIBRARY_PATH: libraries.join(':'),
    ...(existsSync(join(folder, 'etc/fonts')) ? { FONTCONFIG_SYSROOT: folder } : {}),
  };
}
