/** Features of a sequence: how the outputs of each convolution lie above each of its biases. */
import { Convolver, type Pool, type Series } from './convolver.ts';
import {
  convolutionsOf,
  type PlannedConvolution,
  POOLS,
  type RocketTransform,
  representationOf,
  type Transform,
  type Variant,
} from './transform.ts';

type Numbers = Float32Array | Float64Array;

/** Computes features, one sequence after the other: those of a sequence depend on nothing else. */
export class Features {
  /** Number of features of a sequence. */
  readonly count: number;
  /** How many there are of each kind, one kind after the other. */
  readonly kinds: readonly number[];
  readonly #parts: readonly PartFeatures[];

  constructor({ variant, parts }: RocketTransform) {
    const biases = parts.reduce((sum, part) => sum + part.biases.length, 0);
    this.#parts = parts.map((part) => new PartFeatures(part, variant, biases));
    this.kinds = new Array<number>(POOLS[variant]).fill(biases);
    this.count = POOLS[variant] * biases;
  }

  /** Writes the features of a sequence to `target`, from `start`. */
  write(series: Series, target: Numbers, start = 0): void {
    let begin = start;
    for (const [at, part] of this.#parts.entries()) {
      part.write(representationOf(series, at), target, begin);
      begin += part.biases;
    }
  }
}

class PartFeatures {
  /** How many. */
  readonly biases: number;
  /** From a feature of a bias to its next one. */
  readonly #stride: number;
  readonly #convolver: Convolver;
  readonly #convolutions: readonly PlannedConvolution[];
  /** As many as a convolution has biases; none where outputs are counted only. */
  readonly #pools: readonly Pool[];

  /** @param stride from a feature of a bias to its next one */
  constructor(transform: Transform, variant: Variant, stride: number) {
    const { channels, dilations, features, biases } = transform;
    this.biases = biases.length;
    this.#stride = stride;
    this.#convolver = new Convolver(channels, dilations.at(-1)!, biases);
    this.#convolutions = convolutionsOf(transform);
    const most = variant === 'multi' ? Math.max(...features) : 0;
    this.#pools = Array.from({ length: most }, () => ({
      count: 0,
      places: 0,
      longest: 0,
      excess: 0,
    }));
  }

  write(series: Series, target: Numbers, start: number): void {
    this.#convolver.load(series);
    if (this.#pools.length > 0) this.#writePools(target, start);
    else this.#writeShares(target, start);
  }

  #writeShares(target: Numbers, start: number): void {
    const convolver = this.#convolver;
    const { counts } = convolver;
    for (const convolution of this.#convolutions) {
      const { begin, end, isPadded } = convolution;
      const outputs = convolver.countAbove(convolution, begin, end, isPadded);
      for (let feature = begin; feature < end; feature++) {
        target[start + feature] = Math.fround(counts[feature]! / outputs);
      }
    }
  }

  /** Of each bias: share of the outputs above it, their mean place, the longest run of them, their mean excess. */
  #writePools(target: Numbers, start: number): void {
    const stride = this.#stride;
    for (const convolution of this.#convolutions) {
      const outputs = this.#convolver.poolAbove(convolution, convolution, this.#pools);
      for (let bias = convolution.begin; bias < convolution.end; bias++) {
        const { count, places, longest, excess } = this.#pools[bias - convolution.begin]!;
        const at = start + bias;
        target[at] = Math.fround(count / outputs);
        target[at + stride] = count > 0 ? Math.fround(places / count + 0.5) : 0;
        target[at + 2 * stride] = longest;
        target[at + 3 * stride] = count > 0 ? Math.fround(excess / count) : 0;
      }
    }
  }
}
