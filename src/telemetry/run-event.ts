/** What a run tells its reader while it goes on: the argument of `onEvent`. */

/** Values by name; one that is not finite is NaN. */
export type Metrics = Readonly<Record<string, number>>;

/** What simple rules reach, by metric and rule: `{ accuracy: { mostFrequent: 0.3 } }`. */
export type Baselines = Readonly<Record<string, Metrics>>;

/**
 * How a run ended.
 * @example
 * const { status, stateHash } = await train({ config: 'configs/tiny.yaml' });
 */
export interface RunOutcome {
  /** `stopped`: it was told to stop, or lost too many workers, and saved first. `failed`: it ended without saving. */
  readonly status: 'completed' | 'stopped' | 'failed';
  /** What the command line ends with; 143 and 75 let a scheduler queue the run again. */
  readonly exitCode: number;
  /** One sentence. */
  readonly reason: string;
  /** Global steps done. */
  readonly step: number;
  /** SHA-256 of weights, statistics and optimizer, the same on all workers; null for a run that failed. */
  readonly stateHash: string | null;
  /** Path of the newest checkpoint; null while there is none. */
  readonly lastCheckpoint: string | null;
  readonly runFolder: string;
  /** Name of the host that both paths are of, where this one does not see its disk (`ownDisks`); absent otherwise. */
  readonly onHost?: string;
}

/**
 * One thing that happened in a run. Steps are counted from 1: `step: 20` says that 20 global steps are done.
 * @example
 * await train({ config, onEvent: (event) => event.kind === 'step' && console.log(event.metrics.loss) });
 */
export type RunEvent =
  /** Workers are being started. */
  | {
      readonly kind: 'start';
      readonly runFolder: string;
      /** Of the whole run, those before a resumed checkpoint included. */
      readonly totalSteps: number;
      readonly workers: number;
    }
  /** A global step is done. */
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly phase: string;
      readonly learningRate: number;
      readonly metrics: Metrics;
      /** Absent where the objective has none. */
      readonly baselines?: Baselines;
      /** Tokens of all workers by the time of the slowest. */
      readonly tokensPerSecond: number;
      /** Its update was left out, since a value was not finite. */
      readonly isSkipped: boolean;
    }
  | {
      readonly kind: 'evaluation';
      readonly step: number;
      readonly phase: string;
      readonly metrics: Metrics;
      /** Absent where the objective has none. */
      readonly baselines?: Baselines;
      /** Better than all evaluations of the phase before. */
      readonly isBest: boolean;
    }
  | { readonly kind: 'phaseEnd'; readonly step: number; readonly phase: string }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  /** What a person who looks at the run should know, such as a lost worker. */
  | { readonly kind: 'warning'; readonly text: string }
  /** What is being done. `isDetail` marks what belongs in a log rather than before a person. */
  | { readonly kind: 'status'; readonly text: string; readonly isDetail?: boolean }
  /** The last one. */
  | { readonly kind: 'end'; readonly outcome: RunOutcome };

/** A sentence for people: what work without steps, such as a prediction, tells. */
export type Notice = Extract<RunEvent, { readonly kind: 'warning' | 'status' }>;
