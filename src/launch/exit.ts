/** How a command ends: one line for a person, the exit code for a script. */

import { constants } from 'node:os';
import { asLockstepError, EXIT, type LockstepError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { commandLine } from '../core/program-name.ts';

/** Prints an error's line and returns its exit code. */
export function reportError(thrown: unknown): number {
  const error: LockstepError = asLockstepError(thrown);
  process.stderr.write(`${error.toLine()}\n`);
  if (error.code === 'UNEXPECTED' && error.cause instanceof Error) {
    process.stderr.write(`${error.cause.stack}\n`);
  }
  return error.exitCode;
}

/** A child's exit code in the shell's way: 128 + signal for a process that a signal ended. */
export function exitCodeOfChild(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** The last line on stderr of everything that trains. */
export function exitLine(exit: {
  code: number;
  reason: string;
  lastCheckpoint: string | null;
  runFolder: string;
  onHost?: string;
}): string {
  const parts = [`EXIT code=${exit.code}`, `reason=${JSON.stringify(exit.reason)}`];
  if (exit.lastCheckpoint !== null) {
    parts.push(`last_checkpoint=${JSON.stringify(exit.lastCheckpoint)}`);
    if (exit.onHost !== undefined) parts.push(`on_host=${JSON.stringify(exit.onHost)}`);
    else if (mayResume(exit.code)) parts.push(`resume="${commandLine('resume', exit.runFolder)}"`);
  }
  return printable(parts.join(' '));
}

/** False for a finished run and for one without a usable checkpoint. */
export const mayResume = (code: number): boolean => code !== EXIT.done && code !== EXIT.checkpoint;
