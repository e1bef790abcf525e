/** Runs the command line and records every call that changes a file below a folder. See recorded-writes.c. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compilePreloaded } from './compiler.ts';
import { type Ended, lockstep } from './write-faults.ts';

const SOURCE = fileURLToPath(new URL('./recorded-writes.c', import.meta.url));

const CALLS = [
  ...['create', 'write', 'truncate', 'sync'],
  ...['rename', 'link', 'mkdir', 'unlink', 'rmdir'],
] as const;

/** One call that changed a file or folder. */
export interface Change {
  readonly call: (typeof CALLS)[number];
  /** Where it wrote, or the length to which it cut the file. */
  readonly offset: number;
  /** Below the folder, beginning with "/". */
  readonly path: string;
  /** The new name of a `rename` or `link`. */
  readonly to: string;
  readonly bytes: Buffer;
}

/** Compiles what is preloaded. @returns its path */
export const buildRecorder = (folder: string): string => compilePreloaded(SOURCE, folder);

/** Runs the command line in a folder, and records what it changes there. Temporary files, which are elsewhere, end with it. */
export async function recorded(
  cwd: string,
  args: readonly string[],
  library: string,
): Promise<Ended & { readonly changes: readonly Change[] }> {
  const [log, temporary] = [`${cwd}.changes`, `${cwd}.tmp`];
  writeFileSync(log, '');
  mkdirSync(temporary);
  const ended = await lockstep(cwd, args, {
    LD_PRELOAD: library,
    TMPDIR: temporary,
    UV_USE_IO_URING: '0',
    RECORD_UNDER: cwd,
    RECORD_TO: log,
  });
  return { ...ended, changes: changesIn(readFileSync(log), cwd) };
}

function changesIn(log: Buffer, cwd: string): Change[] {
  const changes: Change[] = [];
  const below = (path: string) => path.slice(cwd.length);
  for (let at = 0; at < log.length; ) {
    const end = log.indexOf('\n', at);
    const [call, ...numbers] = log.toString('utf8', at, end).split(' ');
    const [offset, size, pathLength, toLength] = numbers.map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const known = CALLS.find((one) => one === call);
    assert.ok(known !== undefined, `a record that cannot be read: ${call}`);
    const [path, to] = [end + 1 + pathLength, end + 1 + pathLength + toLength];
    changes.push({
      ...{ call: known, offset, bytes: log.subarray(to, to + size) },
      path: below(log.toString('utf8', end + 1, path)),
      to: below(log.toString('utf8', path, to)),
    });
    at = to + size;
  }
  return changes;
}
