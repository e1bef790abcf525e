/** A run's metrics as JSON lines: one object a line, appended, readable while the run goes on. */

import { closeSync, fstatSync, fsync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { openForAppending } from '../core/append-file.ts';
import { makeFolders } from '../core/make-folders.ts';
import { readEndSync, readTextSync } from '../core/read-file.ts';

/** More than the lines of a few steps of a thousand workers. */
const TAIL_BYTES = 2 ** 20;
/** A disk that takes longer at the end is left to itself: the lines are written, only not yet on it. */
const SYNC_MS = 2_000;

export interface MetricsFile {
  /** Appends one line; a failure to write is counted, training goes on. */
  append(entry: Readonly<Record<string, unknown>>): void;
  /** Lines that could not be written, on a full disk for example. */
  readonly lost: number;
  /** Makes sure that all is on disk; a disk that takes its time is waited for a while only. */
  close(): Promise<void>;
}

/** Opens for appending and makes its folder; a last line that a killed process left unfinished is ended. */
export function openMetrics(path: string): MetricsFile {
  makeFolders(dirname(path));
  return new JsonLines(openForAppending(path, { reads: true, mode: 0o666 }));
}

/**
 * All lines of a metrics file that are whole: a run may be writing, and processes that were killed have left half lines.
 * @throws as `readTextSync`
 */
export function wholeLines(path: string): Record<string, unknown>[] {
  const lines = readTextSync(path).split('\n').slice(0, -1);
  return lines.map(parsedLine).filter((line) => line !== undefined);
}

function parsedLine(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/**
 * The last lines of a metrics file, newest first; a line that is no object ends them, such as what is left of the one in
 * which the end of the file that is read begins.
 */
export function lastLines(path: string): Record<string, unknown>[] {
  const lines = readEndSync(path, TAIL_BYTES).split('\n').slice(0, -1).reverse();
  const entries: Record<string, unknown>[] = [];
  for (const line of lines) {
    const entry = parsedLine(line);
    if (entry === undefined) break;
    entries.push(entry);
  }
  return entries;
}

class JsonLines implements MetricsFile {
  readonly #file: number;
  #lost = 0;
  /** Whether the next write must first end a line. */
  #isTorn: boolean;

  constructor(file: number) {
    this.#file = file;
    this.#isTorn = !endsInNewline(file);
  }

  get lost(): number {
    return this.#lost;
  }

  append(entry: Readonly<Record<string, unknown>>): void {
    const line = `${this.#isTorn ? '\n' : ''}${JSON.stringify(entry)}\n`;
    try {
      const written = writeSync(this.#file, line);
      this.#isTorn = written < Buffer.byteLength(line);
      if (this.#isTorn) this.#lost++;
    } catch {
      this.#lost++;
    }
  }

  async close(): Promise<void> {
    // A sync that is still under way keeps its descriptor: the process ends with it.
    if (!(await synced(this.#file))) return;
    try {
      closeSync(this.#file);
    } catch {
      // A file system may tell only now that it could not write: the run has ended all the same.
    }
  }
}

/** Resolves when the file is on disk, or can't be (a pipe), with true; with false when that takes too long. */
async function synced(file: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const tooLong = setTimeout(() => resolve(false), SYNC_MS);
    fsync(file, () => {
      clearTimeout(tooLong);
      resolve(true);
    });
  });
}

function endsInNewline(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}
