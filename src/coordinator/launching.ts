/** The seam between a coordinator and whatever puts worker processes onto devices. */
import type { ExitStatus } from './member.ts';

/** What one worker must be told before it starts. */
export interface Seat {
  readonly slot: number;
  /** Environment variables by which it finds its run; they contain the run's secret. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface LaunchedWorker {
  readonly slot: number;
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
}

/** Starts one process a seat; `onExit` is called once for each, after this function has returned. */
export type Launch = (
  seats: readonly Seat[],
  onExit: (slot: number, status: ExitStatus) => void,
) => readonly LaunchedWorker[];
