/** What the caller of a run gets while it goes on, and how it stops it. */
import type { RunEvent } from '../../telemetry/run-event.ts';
import type { StopRequests } from './stop-requests.ts';

export interface RunHooks extends StopRequests {
  /** Called with each event, in order. An error that it throws stops the run, which is saved; the call rejects with it. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}

/** `onEvent` as the run calls it: it never throws. */
export interface GuardedHooks extends StopRequests {
  readonly onEvent: (event: RunEvent) => void;
}

/** Runs `body`; what the caller's `onEvent` throws stops it and comes out at the end. */
export async function withGuardedHooks<Result>(
  { onEvent = () => {}, signal, kill }: RunHooks,
  body: (hooks: GuardedHooks) => Promise<Result>,
): Promise<Result> {
  const failed = new AbortController();
  let thrown: unknown;
  const guarded = (event: RunEvent): void => {
    if (failed.signal.aborted) return;
    try {
      onEvent(event);
    } catch (error) {
      thrown = error;
      failed.abort();
    }
  };
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const ended = await settled(body({ onEvent: guarded, signal: stop, kill }));
  if (failed.signal.aborted) throw thrown;
  return ended();
}

/** What a promise comes to, as a function that returns or throws it. */
async function settled<Result>(promise: Promise<Result>): Promise<() => Result> {
  try {
    const result = await promise;
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
