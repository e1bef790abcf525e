/**
 * Ends a program of ours whose main thread never comes back from a module of the user's own. A thread watches it, since a
 * loop at the module's top level blocks all else. Until then a signal ends the program, since it has no handlers yet.
 */
import { startThread } from '../launch/program.ts';
import { START_UP_MS } from '../protocol/timing.ts';

/** Watches until what it returns is called. @param path of the module that is executed */
export type LoadingGuard = (path: string) => () => void;

/** The library has none: the process is its user's. */
export const NO_GUARD: LoadingGuard = () => () => {};

/** What the thread is started with. */
export interface GuardData {
  readonly path: string;
  /** Then it says what the program waits for. */
  readonly wordMs: number;
  /** Then it ends the program. */
  readonly limitMs: number;
}

const WORD_MS = 10_000;

export const guardLoading: LoadingGuard = (path) => guardFor(path, WORD_MS, START_UP_MS);

export function guardFor(path: string, wordMs: number, limitMs: number): () => void {
  const data: GuardData = { path, wordMs, limitMs };
  const thread = startThread(new URL('./loading-guard-thread.ts', import.meta.url), data);
  // A module that awaits what never comes ends by itself: see `untilItReturns`.
  thread.unref();
  return () => void thread.terminate();
}
