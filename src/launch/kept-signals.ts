/** Signals that came before a program had handlers for them: kept, and handed to whoever watches first. */
import { STOP_SIGNALS, type StopSignal } from '../core/stop-signal.ts';

let kept: StopSignal[] = [];

const keep = (signal: NodeJS.Signals): void => void kept.push(signal as StopSignal);

/**
 * From now on, no request to stop is lost, and none ends the process. A terminal's Ctrl-\ reaches every process of a run:
 * the command line ends them all.
 */
export function keepSignals(): void {
  process.on('SIGQUIT', () => {});
  for (const signal of STOP_SIGNALS) process.on(signal, keep);
}

/** The signals that were kept, in order. The caller has its own handlers by now. */
export function takeKeptSignals(): readonly StopSignal[] {
  for (const signal of STOP_SIGNALS) process.off(signal, keep);
  const taken = kept;
  kept = [];
  return taken;
}
