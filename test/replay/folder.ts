import { join } from 'node:path';

/** Where the recorded histories are: one file per scenario, as the Web UI downloads them. */
export const HISTORIES = join(__dirname, 'histories');
