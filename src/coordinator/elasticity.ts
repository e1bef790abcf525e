/** How a run deals with processes that are lost. */
export interface Elasticity {
  /** Restarts in a row of one worker before it is left out; 0: a lost worker is left out at once. */
  readonly maxRestarts: number;
  /** With fewer workers the run waits for a restart, then saves and stops with exit code 7. */
  readonly minWorkers: number;
  /**
   * So long workers keep their state for a coordinator that is started in place of one that died; 0: its death
   * ends the run.
   */
  readonly coordinatorWaitMs: number;
  /**
   * The first so many slots are on the host that alone has the run's folder: no generation is formed without one of them,
   * since rank 0 writes. 0: all hosts see the folder.
   */
  readonly homeWorkers: number;
}

export const DEFAULT_ELASTICITY: Elasticity = {
  maxRestarts: 3,
  minWorkers: 1,
  coordinatorWaitMs: 60_000,
  homeWorkers: 0,
};
