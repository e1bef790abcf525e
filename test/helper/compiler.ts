import { spawnSync } from 'node:child_process';

/** The system's C compiler; undefined where there is none. */
export const COMPILER = ['cc', 'gcc', 'g++'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);
