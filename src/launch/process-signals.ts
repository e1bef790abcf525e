/** Handles the signals of this process, for programs. The library leaves signals to its user. */
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
