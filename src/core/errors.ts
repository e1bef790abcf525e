/**
 * Every failure that a person can meet is a `LockstepError`: a code from this one table, one sentence
 * (what was attempted, where, what was found, what was expected) and what to do about it.
 */

import { printable } from './printable.ts';
import { attemptOf, systemProblem } from './system-error.ts';

/** What the process's exit code means; 143 and 75 let a scheduler requeue the run. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  data: 3,
  checkpoint: 4,
  resources: 5,
  numerics: 6,
  workersLost: 7,
  security: 8,
  requeue: 75,
  interrupted: 130,
  terminated: 143,
} as const;

/** The error codes and the exit code that each ends the process with. */
const EXIT_CODE_OF = {
  UNEXPECTED: EXIT.unexpected,
  USAGE: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  CONFIG_NOT_FOUND: EXIT.usage,
  EXTENSION_INVALID: EXIT.usage,
  EXTENSION_MISMATCH: EXIT.checkpoint,
  RUN_LOCKED: EXIT.usage,
  RUN_TAKEN_OVER: EXIT.workersLost,
  RUN_EXISTS: EXIT.usage,
  RUN_NOT_FOUND: EXIT.usage,
  DEVICE_ABSENT: EXIT.usage,
  PORT_IN_USE: EXIT.usage,
  DATA_NOT_FOUND: EXIT.data,
  DATA_INVALID: EXIT.data,
  STORE_CORRUPT: EXIT.data,
  CHECKPOINT_NOT_FOUND: EXIT.checkpoint,
  CHECKPOINT_CORRUPT: EXIT.checkpoint,
  CHECKPOINT_MISMATCH: EXIT.checkpoint,
  OUT_OF_RESOURCES: EXIT.resources,
  SAVE_FAILED: EXIT.resources,
  ENGINE_UNAVAILABLE: EXIT.resources,
  ENGINE_CANNOT_COMPILE: EXIT.unexpected,
  NON_FINITE: EXIT.numerics,
  REPLICAS_DIFFER: EXIT.numerics,
  WORKER_LOST: EXIT.workersLost,
  COORDINATOR_LOST: EXIT.workersLost,
  TIMEOUT: EXIT.workersLost,
  PROTOCOL: EXIT.workersLost,
  INSECURE: EXIT.security,
  INTERRUPTED: EXIT.interrupted,
  TERMINATED: EXIT.terminated,
  REQUEUED: EXIT.requeue,
} as const;

export type ErrorCode = keyof typeof EXIT_CODE_OF;

/** Whether a text, such as one that came from another process, is a code of the table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(EXIT_CODE_OF, text);
}

export class LockstepError extends Error {
  override readonly name = 'LockstepError';
  readonly code: ErrorCode;
  /** What the reader can do about it: an imperative sentence. */
  readonly advice: string;

  constructor(code: ErrorCode, message: string, advice: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.advice = advice;
  }

  /** The exit code of a process that this error ends. */
  get exitCode(): number {
    return EXIT_CODE_OF[this.code];
  }

  /** The whole error on one line, as a terminal shows it. */
  toLine(): string {
    return printable(`${this.code}: ${this.message} ${this.advice}`.replace(/\s*\n\s*/g, ' '));
  }
}

/**
 * Wraps anything thrown into a `LockstepError`; one that already is passes through unchanged. An error of the system
 * is about the user's files or limits; what remains is a defect.
 */
export function asLockstepError(thrown: unknown): LockstepError {
  if (thrown instanceof LockstepError) return thrown;
  const options = { cause: thrown };
  const problem = systemProblem(thrown);
  if (problem !== undefined) {
    const message = `${attemptOf(thrown)}: ${problem.reason}.`;
    return new LockstepError(problem.code, message, problem.advice, options);
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const advice = 'This is a defect: please report it with the log of the run.';
  return new LockstepError('UNEXPECTED', message, advice, options);
}
