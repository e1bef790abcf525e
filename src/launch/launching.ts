/** The seam between a coordinator and whatever puts worker processes onto devices. */

/** What one worker must be told before it starts. */
export interface Seat {
  readonly slot: number;
  /** Processes that were started in this slot before. */
  readonly attempt: number;
  /** Environment variables by which it finds its run; they contain the run's secret. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  /** Last line that the process printed, if any. */
  readonly lastLine: string;
  /** What it did when it was killed, where the launcher can see that. */
  readonly stateWhenKilled?: 'running' | 'stopped' | undefined;
}

export interface LaunchedWorker {
  readonly slot: number;
  kill(signal: NodeJS.Signals): void;
}

/** What becomes of launched processes; each is told once for each, `onExit` after `Launch` has returned. */
export interface LaunchWatch {
  onSpawn(slot: number, pid: number): void;
  onExit(slot: number, status: ExitStatus): void;
}

/** Starts one process a seat. */
export type Launch = (seats: readonly Seat[], watch: LaunchWatch) => readonly LaunchedWorker[];
