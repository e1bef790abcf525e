/** Signals that end a run at the next step boundary, with a checkpoint, and the exit code of each. */
import { EXIT, type LockstepError } from './errors.ts';

const EXIT_CODE_OF_SIGNAL = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  /** The terminal is gone. */
  SIGHUP: EXIT.terminated,
  /** How schedulers announce that the time is nearly up. */
  SIGUSR1: EXIT.requeue,
} as const;

const CODE_OF_SIGNAL = {
  SIGINT: 'INTERRUPTED',
  SIGTERM: 'TERMINATED',
  SIGHUP: 'TERMINATED',
  SIGUSR1: 'REQUEUED',
} as const;

export type StopSignal = keyof typeof EXIT_CODE_OF_SIGNAL;

/** Tells of each request to stop, until the returned function is called. */
export type WatchSignals = (onSignal: (signal: StopSignal) => void) => () => void;

export const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'];

/** Exit code of a run that a signal ended early and that was saved. */
export function exitCodeOfSignal(signal: StopSignal): number {
  return EXIT_CODE_OF_SIGNAL[signal];
}

/** Code of the error with which a command ends that a signal stopped before there was anything to save. */
export function codeOfSignal(signal: StopSignal): (typeof CODE_OF_SIGNAL)[StopSignal] {
  return CODE_OF_SIGNAL[signal];
}

/** Whether an error only says that a signal ended something. */
export function isStop({ code }: LockstepError): boolean {
  return Object.values<string>(CODE_OF_SIGNAL).includes(code);
}
