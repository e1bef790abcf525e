import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';

/** The system's C compiler; undefined where there is none. */
export const COMPILER = ['cc', 'gcc', 'g++'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** Compiles a library that processes are started with (LD_PRELOAD). @returns its path in the folder */
export function compilePreloaded(source: string, folder: string): string {
  const library = join(folder, `${basename(source, '.c')}.so`);
  const options = ['-x', 'c', '-shared', '-fPIC', '-o', library, source, '-ldl'];
  const built = spawnSync(COMPILER!, options);
  assert.equal(built.status, 0, String(built.stderr));
  return library;
}
