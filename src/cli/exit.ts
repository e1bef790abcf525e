/** How a command ends: one line for a person, the exit code for a script. */
import { asLockstepError, EXIT, type LockstepError } from '../core/errors.ts';

/** Prints an error's line; returns the exit code that it ends the process with. */
export function reportError(thrown: unknown): number {
  const error: LockstepError = asLockstepError(thrown);
  process.stderr.write(`${error.toLine()}\n`);
  if (error.code === 'UNEXPECTED' && error.cause instanceof Error) {
    process.stderr.write(`${error.cause.stack}\n`);
  }
  return error.exitCode;
}

/** The last line on stderr of everything that trains. */
export function exitLine(exit: {
  code: number;
  reason: string;
  lastCheckpoint: string | null;
  runFolder: string;
}): string {
  const parts = [`EXIT code=${exit.code}`, `reason=${JSON.stringify(exit.reason)}`];
  if (exit.lastCheckpoint !== null) {
    parts.push(`last_checkpoint=${JSON.stringify(exit.lastCheckpoint)}`);
    if (mayResume(exit.code)) parts.push(`resume="lockstep resume ${exit.runFolder}"`);
  }
  return parts.join(' ');
}

/** A run that is done, or whose checkpoints are unusable, has nothing to go on with. */
const mayResume = (code: number): boolean => code !== EXIT.done && code !== EXIT.checkpoint;
