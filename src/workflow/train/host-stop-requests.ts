/** Requests to stop a run of several hosts: those that come to this host, and those that other hosts pass on. */
import type { HostLeader } from '../../cluster/leader.ts';
import type { StopSignal, WatchSignals } from '../../core/stop-signal.ts';
import type { OnSignal } from '../placement.ts';
import type { GuardedHooks } from './hooks.ts';
import { watchStopRequests } from './stop-requests.ts';

/**
 * Requests to stop that came to this host, and those that came to another one while none had come here.
 * @param mode `leave`: this host leaves the run to the others, if that can be; a second request ends the run
 */
export function stopRequestsOf(
  hooks: GuardedHooks,
  hosts: HostLeader | null,
  mode: OnSignal = 'stop',
): WatchSignals {
  const here = watchStopRequests(hooks);
  if (hosts === null) return here;
  return (onSignal) => {
    let isStopping = false;
    const stop = (signal: StopSignal): void => {
      isStopping = true;
      onSignal(signal);
    };
    hosts.onSignal((signal) => {
      if (!isStopping) stop(signal);
    });
    if (mode === 'stop') return here(stop);
    let asked: StopSignal | null = null;
    return here((signal) => {
      if (asked === null) hosts.leave(signal);
      else for (const one of isStopping ? [signal] : [asked, signal]) stop(one);
      asked ??= signal;
    });
  };
}
