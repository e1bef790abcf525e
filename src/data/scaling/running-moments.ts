import type { Moments } from './channel-statistics.ts';

/** Merges the moments of groups of values in float64, without a loss of digits at any offset (Chan et al. 1983). */
export class RunningMoments {
  #count = 0;
  #mean = 0;
  #squares = 0;

  /** @param squares sum of the squared distances from `mean` */
  add(count: number, mean: number, squares: number): void {
    if (count === 0) return;
    const total = this.#count + count;
    const distance = mean - this.#mean;
    this.#mean += (distance * count) / total;
    this.#squares += squares + distance * distance * ((this.#count * count) / total);
    this.#count = total;
  }

  /** Zeros where nothing was added. */
  finish(): Moments {
    if (this.#count === 0) return { mean: 0, deviation: 0 };
    return { mean: this.#mean, deviation: Math.sqrt(this.#squares / this.#count) };
  }
}

/** The moments of a training split: of all its values, and of its sequences. */
export class TrainingMoments {
  readonly #values = new RunningMoments();
  readonly #levels = new RunningMoments();
  readonly #logDeviations = new RunningMoments();

  /** One sequence. */
  add(count: number, { mean, deviation }: Moments): void {
    if (count === 0) return;
    this.#values.add(count, mean, count * deviation * deviation);
    this.#levels.add(1, mean, 0);
    if (deviation > 0) this.#logDeviations.add(1, Math.log(deviation), 0);
  }

  finish(): Moments & { readonly level: Moments; readonly logDeviation: Moments } {
    return {
      ...this.#values.finish(),
      level: this.#levels.finish(),
      logDeviation: this.#logDeviations.finish(),
    };
  }
}
