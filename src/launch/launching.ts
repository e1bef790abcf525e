/** The seam between a coordinator and the code that puts worker processes onto devices. */

/** What a worker must know before it starts. */
export interface Seat {
  readonly slot: number;
  /** Number of processes that ran in this slot before. */
  readonly attempt: number;
  /** Environment variables with which it finds its run; they contain the run's secret. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last line that the process printed; '' if none. */
  readonly lastLine: string;
  /** The kernel killed it because the memory of the container or machine was used up. */
  readonly outOfMemory?: boolean;
  /** What the process did when it was killed, if the launcher can see that. */
  readonly stateWhenKilled?: 'running' | 'stopped' | undefined;
  /** It was lost with its host, and nobody knows how it ended; to follow 'of the host': "nothing was heard". */
  readonly hostLost?: string;
  /** Its host left the run with notice. */
  readonly hostLeft?: boolean;
}

/** A started process. */
export interface LaunchedWorker {
  readonly slot: number;
  kill(signal: NodeJS.Signals): void;
}

/** Reports on launched processes, once for each process; `onExit` only after `Launch` has returned. */
export interface LaunchWatch {
  /** @param host its name, where the run has several */
  onSpawn(slot: number, pid: number, host?: string): void;
  onExit(slot: number, status: ExitStatus): void;
}

/** Starts one process for each seat. */
export type Launch = (seats: readonly Seat[], watch: LaunchWatch) => readonly LaunchedWorker[];
