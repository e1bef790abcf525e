/** A process's log: one line an entry, in a file of its own in the run's folder. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import winston from 'winston';
import { printable } from '../core/printable.ts';

export interface Log {
  info(text: string, details?: Readonly<Record<string, unknown>>): void;
  warn(text: string, details?: Readonly<Record<string, unknown>>): void;
  error(text: string, details?: Readonly<Record<string, unknown>>): void;
  /** Resolves when everything is written; what can't be written is lost, never an error. */
  close(): Promise<void>;
}

export interface LogOptions {
  /** Also on stderr. @default false */
  readonly console?: boolean;
}

/** Appends to `<folder>/<name>.log`; makes the folder. */
export function openLog(folder: string, name: string, options: LogOptions = {}): Log {
  mkdirSync(folder, { recursive: true });
  const file = new winston.transports.File({ filename: join(folder, `${name}.log`) });
  const stderr = new winston.transports.Console({ stderrLevels: ['info', 'warn', 'error'] });
  const logger = winston.createLogger({
    format: winston.format.combine(winston.format.timestamp(), winston.format.printf(lineOf)),
    transports: options.console === true ? [file, stderr] : [file],
  });
  // A full disk must not end a training run.
  file.on('error', () => {});
  logger.on('error', () => {});
  return {
    info: (text, details = {}) => void logger.info(text, { details }),
    warn: (text, details = {}) => void logger.warn(text, { details }),
    error: (text, details = {}) => void logger.error(text, { details }),
    close: () =>
      new Promise((resolve) => {
        file.once('finish', resolve);
        file.once('error', () => resolve());
        logger.end();
      }),
  };
}

function lineOf(entry: winston.Logform.TransformableInfo): string {
  const text = String(entry.message).replace(/\s*\n\s*/g, ' ');
  const { stack, ...details } = entry.details as Record<string, unknown>;
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
