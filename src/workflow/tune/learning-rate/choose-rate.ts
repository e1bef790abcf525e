/** Chooses among the learning rates of a range test. Pure. */
import type { Headline } from '../../../run/judge.ts';
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

/** The loss on the evaluation's data, or while training where there is none. */
const lossOf = ({ trainingLoss, evaluation }: TriedRate): number =>
  evaluation?.loss ?? trainingLoss;

/** What a rate lacks by the phase's metric: less is better. Metrics of which more is better are 1 at best. */
export function lackOf(one: TriedRate, { metric, better }: Headline): number {
  const value = one.evaluation?.[metric];
  if (value === undefined) return lossOf(one);
  return better === 'higher' ? 1 - value : value;
}

/**
 * The best rate by the phase's metric of those that did not diverge, if it lacks less than the configured rate by a
 * twentieth; otherwise the configured one. Among equals the loss decides. Undefined when all diverged.
 */
export function chooseRate(
  tried: readonly TriedRate[],
  configured: number,
  headline: Headline,
): number | undefined {
  const sound = tried.filter((one) => !one.isDiverged && isMeasured(one, headline));
  if (sound.length === 0) return undefined;
  const best = sound.reduce((a, b) => (isBetter(b, a, headline, 0) ? b : a));
  const own = sound.find(({ rate }) => rate === configured);
  return own === undefined || isBetter(best, own, headline, CLEAR_GAIN) ? best.rate : configured;
}

const isMeasured = (one: TriedRate, headline: Headline): boolean =>
  Number.isFinite(lackOf(one, headline)) && Number.isFinite(lossOf(one));

/** Whether one lacks less than the other by more than a share of that. */
function isBetter(one: TriedRate, other: TriedRate, headline: Headline, share: number): boolean {
  const [lack, otherLack] = [lackOf(one, headline), lackOf(other, headline)];
  return lack === otherLack
    ? isLess(lossOf(one), lossOf(other), share)
    : isLess(lack, otherLack, share);
}

/** A loss may be negative, so the gain is a share of its size. */
const isLess = (value: number, other: number, share: number): boolean =>
  other - value > share * Math.abs(other);
