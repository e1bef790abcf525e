/** Handles the signals of this process, for programs. The library leaves signals to its user. */
import type { ChildProcess } from 'node:child_process';
import { STOP_SIGNALS, type StopSignal, type WatchSignals } from '../core/stop-signal.ts';
import { takeKeptSignals } from './kept-signals.ts';

export const watchProcessSignals: WatchSignals = (onSignal) => {
  const handle = (signal: NodeJS.Signals) => onSignal(signal as StopSignal);
  for (const signal of STOP_SIGNALS) process.on(signal, handle);
  for (const signal of takeKeptSignals()) onSignal(signal);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, handle);
  };
};

/**
 * Whatever is sent to this process alone reaches the child that does its work. What a terminal sends to both reaches the
 * child twice, which makes no difference there: see `withSignals`.
 */
export function passSignalsTo(child: ChildProcess): void {
  for (const signal of [...STOP_SIGNALS, 'SIGQUIT'] as const) {
    process.on(signal, () => child.kill(signal));
  }
}
