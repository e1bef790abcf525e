/**
 * A process's log: one line an entry, in a file of its own in the run's folder. No entry is waited for: on a full disk,
 * or on a file system that stands still, entries are lost and counted.
 */

import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import winston from 'winston';
import { openForAppending } from '../core/append-file.ts';
import { makeFolders } from '../core/make-folders.ts';
import { PatientWriter } from '../core/patient-writer.ts';
import { printable } from '../core/printable.ts';

export interface Log {
  info(text: string, details?: Readonly<Record<string, unknown>>): void;
  warn(text: string, details?: Readonly<Record<string, unknown>>): void;
  error(text: string, details?: Readonly<Record<string, unknown>>): void;
  /** Entries that could not be written. */
  readonly lost: number;
  /** Resolves when everything is written, within seconds; what can't be written is lost, never an error. */
  close(): Promise<void>;
}

/** A burst of entries waits for the disk; more are dropped. */
const MOST_WAITING_BYTES = 2 ** 20;
/** A file that takes nothing at the end is waited for so long. */
const CLOSE_MS = 2_000;

/** Appends to `<folder>/<name>.log`; makes the folder. A log that can't be opened loses everything. */
export function openLog(folder: string, name: string): Log {
  const file = new LogFile(folder, `${name}.log`);
  const stream = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      file.append(line);
      done();
    },
  });
  const logger = winston.createLogger({
    format: winston.format.combine(winston.format.timestamp(), winston.format.printf(lineOf)),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
  return {
    info: (text, details = {}) => void logger.info(text, { details }),
    warn: (text, details = {}) => void logger.warn(text, { details }),
    error: (text, details = {}) => void logger.error(text, { details }),
    get lost() {
      return file.lost;
    },
    close: async () => {
      if (file.lost > 0) logger.warn(`${file.lost} entries of this log could not be written.`, {});
      await file.close();
    },
  };
}

class LogFile {
  readonly #fd: number | undefined;
  readonly #writer: PatientWriter | undefined;
  #unopened = 0;

  constructor(folder: string, name: string) {
    this.#fd = openedForAppending(folder, name);
    if (this.#fd === undefined) return;
    this.#writer = new PatientWriter(this.#fd, { mostWaitingBytes: MOST_WAITING_BYTES });
  }

  get lost(): number {
    return this.#writer?.lost ?? this.#unopened;
  }

  append(line: string): void {
    if (this.#writer === undefined) this.#unopened++;
    else this.#writer.write(line);
  }

  async close(): Promise<void> {
    // A write that is still under way keeps its descriptor: the process ends with it.
    const isWritten = await this.#writer?.settled(CLOSE_MS);
    if (this.#fd !== undefined && isWritten === true) closeSync(this.#fd);
  }
}

/** Undefined when there is no such file: a log is nothing to end a run for. */
function openedForAppending(folder: string, name: string): number | undefined {
  try {
    makeFolders(folder);
    return openForAppending(join(folder, name));
  } catch {
    return undefined;
  }
}

function lineOf(entry: winston.Logform.TransformableInfo): string {
  const text = String(entry.message).replace(/\s*\n\s*/g, ' ');
  const { stack, ...details } = (entry.details ?? {}) as Record<string, unknown>;
  const said = Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${describe(value)}`);
  const trace = typeof stack === 'string' ? `\n${stack}` : '';
  return printable(`${String(entry.timestamp)} ${entry.level}: ${text}${said.join('')}${trace}`);
}

function describe(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  return JSON.stringify(value) ?? String(value);
}
