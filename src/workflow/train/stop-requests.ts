/** How a run is asked to stop: by AbortSignals, since a library leaves the signals of its process alone. */
import type { ChildProcess } from 'node:child_process';
import { LockstepError } from '../../core/errors.ts';
import {
  codeOfSignal,
  STOP_SIGNALS,
  type StopSignal,
  type WatchSignals,
} from '../../core/stop-signal.ts';

export interface StopRequests {
  /**
   * Stops the run at the next step, with a checkpoint: what SIGTERM means. `abort('SIGUSR1')` and the other
   * names of signals give the outcome the exit code of that signal. Before the first step there is nothing
   * to save: the call rejects with TERMINATED or REQUEUED
   * then.
   */
  readonly signal?: AbortSignal | undefined;
  /** Ends the run at once, without saving: what a second Ctrl-C means. The call rejects with INTERRUPTED. */
  readonly kill?: AbortSignal | undefined;
}

export function watchStopRequests({ signal, kill }: StopRequests): WatchSignals {
  return (onSignal) => {
    const stop = () => onSignal(stopSignalOf({ signal }));
    const end = () => {
      if (signal?.aborted !== true) onSignal('SIGTERM');
      onSignal('SIGINT');
    };
    const unwatch = [whenAborted(signal, stop), whenAborted(kill, end)];
    return () => {
      for (const off of unwatch) off();
    };
  };
}

/**
 * @param what had not happened yet
 * @throws LockstepError INTERRUPTED, TERMINATED, REQUEUED once a stop was asked for
 */
export function throwIfStopped({ signal, kill }: StopRequests, what = 'the first step'): void {
  if (!signal?.aborted && !kill?.aborted) return;
  const name = stopSignalOf({ signal, kill });
  throw new LockstepError(codeOfSignal(name), `${name} came before ${what}.`, 'Nothing was lost.');
}

/**
 * The same items, until a stop is asked for.
 * @throws LockstepError INTERRUPTED, TERMINATED, see `throwIfStopped`
 */
export async function* untilStopped<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  stop: StopRequests,
  what: string,
): AsyncGenerator<Item, void> {
  for await (const item of items) {
    throwIfStopped(stop, what);
    yield item;
  }
}

/** Kills a process that prepares something as soon as a stop is asked for, until the returned function is called. */
export function killWhenStopped(child: ChildProcess, stop: StopRequests): () => void {
  return whenStopped(stop, () => void child.kill('SIGKILL'));
}

/** Calls `end` as soon as a stop is asked for, until the returned function is called. */
export function whenStopped({ signal, kill }: StopRequests, end: () => void): () => void {
  const unwatch = [whenAborted(signal, end), whenAborted(kill, end)];
  return () => {
    for (const off of unwatch) off();
  };
}

/** The name of the signal that stands for a stop that was asked for. */
export function stopSignalOf({ signal, kill }: StopRequests): StopSignal {
  const asked = [signal, kill].find((one) => one?.aborted);
  return STOP_SIGNALS.find((name) => name === asked?.reason) ?? 'SIGTERM';
}

function whenAborted(signal: AbortSignal | undefined, then: () => void): () => void {
  if (signal?.aborted) then();
  else signal?.addEventListener('abort', then, { once: true });
  return () => signal?.removeEventListener('abort', then);
}
