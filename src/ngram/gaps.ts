/** At which distances two symbols depend on each other in a way that differs from sequence to sequence. */

/** Counts of all pairs are kept for each gap: more symbols than this need too many. */
const MOST_SYMBOLS = 256;
/** Timesteps of a sequence that are looked at. */
const LONGEST = 4096;
/** Each half of a sequence needs some pairs. */
const FEWEST_PAIRS = 16;

/** What sequences showed at one gap. */
interface GapSums {
  /** Σ over sequences of first half · second half. */
  product: number;
  sequences: number;
  /** `[symbols²]`: Σ over sequences of the mean of both halves. */
  readonly mean: Float64Array;
}

/**
 * Learns from sequences without labels. A pair's *excess* is its share minus what its two symbols' shares would give. A
 * gap scores by how far excesses, which both halves of a sequence agree on, lie from their mean over sequences: chance
 * adds nothing to the product of two halves, and neither does what all sequences have in common.
 */
export class GapSearch {
  readonly #symbols: number;
  readonly #sums: GapSums[];

  /** @param longest the largest gap to look at */
  constructor(symbols: number, longest: number) {
    this.#symbols = symbols;
    this.#sums = Array.from({ length: symbols > MOST_SYMBOLS ? 0 : longest }, () => ({
      product: 0,
      sequences: 0,
      mean: new Float64Array(symbols * symbols),
    }));
  }

  add(sequence: ArrayLike<number>): void {
    const length = Math.min(sequence.length, LONGEST);
    const half = length >> 1;
    for (const [index, sums] of this.#sums.entries()) {
      const gap = index + 1;
      if (half < gap + FEWEST_PAIRS) return;
      const first = this.#excess(sequence, { start: 0, end: half, gap });
      const second = this.#excess(sequence, { start: half, end: length, gap });
      sums.sequences++;
      for (let at = 0; at < first.length; at++) {
        sums.product += first[at]! * second[at]!;
        sums.mean[at]! += (first[at]! + second[at]!) / 2;
      }
    }
  }

  /** The gaps with the highest scores, ascending. */
  best(count: number): number[] {
    const scores = this.#sums.map(scoreOf);
    return [...scores.keys()]
      .sort((a, b) => scores[b]! - scores[a]! || a - b)
      .slice(0, count)
      .map((index) => index + 1)
      .sort((a, b) => a - b);
  }

  /** `[symbols²]`. */
  #excess(
    sequence: ArrayLike<number>,
    { start, end, gap }: { start: number; end: number; gap: number },
  ): Float64Array {
    const symbols = this.#symbols;
    const excess = new Float64Array(symbols * symbols);
    const [earlier, later] = [new Float64Array(symbols), new Float64Array(symbols)];
    const share = 1 / (end - start - gap);
    for (let t = start; t < end - gap; t++) {
      const [a, b] = [sequence[t]!, sequence[t + gap]!];
      excess[a * symbols + b]! += share;
      earlier[a]! += share;
      later[b]! += share;
    }
    for (let a = 0; a < symbols; a++) {
      if (earlier[a] === 0) continue;
      for (let b = 0; b < symbols; b++) excess[a * symbols + b]! -= earlier[a]! * later[b]!;
    }
    return excess;
  }
}

function scoreOf({ product, sequences, mean }: GapSums): number {
  if (sequences === 0) return Number.NEGATIVE_INFINITY;
  const common = mean.reduce((sum, value) => sum + value * value, 0) / sequences ** 2;
  return product / sequences - common;
}
