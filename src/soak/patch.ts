import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One place in a file of the build; `find` stands there exactly once. */
export interface Edit {
  /** Path below the build's folder. */
  file: string;
  find: string;
  replace: string;
}

/** Copies the build, so that what runs stays as it is while somebody builds anew. */
export function copyBuild(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

/** Changes files of a build. Throws, naming file and text, when a text is not there exactly once: then the code has changed and the edit must follow. */
export function applyEdits(dist: string, edits: readonly Edit[]): void {
  for (const { file, find, replace } of edits) {
    const path = join(dist, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) {
      throw new Error(
        `the patch of ${file} no longer matches: “${find}” stands there ${parts.length - 1} times, not once`,
      );
    }
    writeFileSync(path, parts.join(replace));
  }
}
