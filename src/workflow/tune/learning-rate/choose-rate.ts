/** Chooses among the learning rates of a range test. Pure. */
import type { Metrics, RunEvent } from '../../../telemetry/run-event.ts';
import type { RateTrial } from './rate-trials.ts';

/** What a trial came to. */
export interface TriedRate {
  readonly rate: number;
  /** Mean loss of the last quarter of its steps. */
  readonly trainingLoss: number;
  /** Metrics on the evaluation's data after its last step; absent where the phase has no evaluation. */
  readonly evaluation?: Metrics;
  /** Whether it made numbers that are not finite, or ended with a larger loss than it began with. */
  readonly isDiverged: boolean;
}

/** Gathers what the trials of a range test come to from the events of its run. */
export class RateRecorder {
  readonly #trials: readonly RateTrial[];
  readonly #losses: ReadonlyMap<string, number[]>;
  readonly #evaluations = new Map<string, Metrics>();
  readonly #spoilt = new Set<string>();

  constructor(trials: readonly RateTrial[]) {
    this.#trials = trials;
    this.#losses = new Map(trials.map(({ phase }) => [phase, []]));
  }

  note(event: RunEvent): void {
    if (event.kind === 'evaluation') this.#evaluations.set(event.phase, event.metrics);
    if (event.kind !== 'step') return;
    this.#losses.get(event.phase)?.push(event.metrics.loss ?? Number.NaN);
    if (event.isSkipped) this.#spoilt.add(event.phase);
  }

  tried(): TriedRate[] {
    return this.#trials.map(({ phase, rate }) => {
      const losses = this.#losses.get(phase)!;
      const evaluation = this.#evaluations.get(phase);
      const trainingLoss = meanOfLast(losses);
      const isDiverged = this.#spoilt.has(phase) || !(trainingLoss <= losses[0]!);
      return { rate, trainingLoss, ...(evaluation && { evaluation }), isDiverged };
    });
  }
}

function meanOfLast(losses: readonly number[]): number {
  const last = losses.slice(-Math.ceil(losses.length / 4));
  return last.reduce((sum, loss) => sum + loss / last.length, 0);
}

/** A smaller gain is not worth another rate, and looks like chance. */
const CLEAR_GAIN = 0.05;

/** What rates are judged by: the loss on the evaluation's data, or while training where there is none. */
export const lossOf = ({ trainingLoss, evaluation }: TriedRate): number =>
  evaluation?.loss ?? trainingLoss;

/**
 * The rate with the smallest loss of those that did not diverge, if that is smaller than the configured rate's by a
 * twentieth; otherwise the configured one. Undefined when all diverged.
 */
export function chooseRate(tried: readonly TriedRate[], configured: number): number | undefined {
  const sound = tried.filter((one) => !one.isDiverged && Number.isFinite(lossOf(one)));
  if (sound.length === 0) return undefined;
  const best = sound.reduce((a, b) => (lossOf(b) < lossOf(a) ? b : a));
  const own = sound.find(({ rate }) => rate === configured);
  return own === undefined || isClearlyBetter(best, own) ? best.rate : configured;
}

/** A loss may be negative, so the gain is a share of its size. */
const isClearlyBetter = (one: TriedRate, other: TriedRate): boolean =>
  lossOf(other) - lossOf(one) > CLEAR_GAIN * Math.abs(lossOf(other));
