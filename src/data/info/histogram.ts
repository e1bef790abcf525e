/** Histograms, as numbers and as bars of text. */

/** How many fall into `[from, to]`; the bounds of the next bin follow. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const MOST_BINS = 12;
const BAR_WIDTH = 40;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Bins of lengths whose bounds grow by one factor: powers of two, or of their root where these are few. */
export function lengthHistogram(ascending: Int32Array): Bin[] {
  const [shortest, longest] = [ascending[0]!, ascending.at(-1)!];
  const octaves = Math.log2(longest / shortest);
  const factor = octaves <= MOST_BINS / 2 ? Math.SQRT2 : 2 ** Math.max(1, octaves / MOST_BINS);
  const bins: Bin[] = [];
  let [begin, edge] = [0, shortest];
  while (begin < ascending.length) {
    const from = Math.ceil(edge);
    edge = Math.max(edge * factor, from + 1);
    const to = Math.min(Math.ceil(edge) - 1, longest);
    const end = firstAbove(ascending, to);
    bins.push({ from, to, count: end - begin });
    begin = end;
  }
  return bins;
}

function firstAbove(ascending: Int32Array, bound: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Bins of equal width over [minimum, maximum]. Missing values count nowhere. */
export class ValueHistogram {
  readonly #minimum: number;
  readonly #width: number;
  readonly #counts: Float64Array;

  constructor(minimum: number, maximum: number, bins = MOST_BINS) {
    this.#minimum = minimum;
    const isConstant = maximum === minimum;
    this.#counts = new Float64Array(isConstant ? 1 : bins);
    this.#width = (maximum - minimum) / this.#counts.length;
  }

  add(values: Int32Array | Float32Array): void {
    const last = this.#counts.length - 1;
    for (const value of values) {
      if (Number.isNaN(value)) continue;
      const bin = this.#width === 0 ? 0 : Math.floor((value - this.#minimum) / this.#width);
      this.#counts[Math.min(last, Math.max(0, bin))]!++;
    }
  }

  finish(): Bin[] {
    return Array.from(this.#counts, (count, bin) => ({
      from: this.#minimum + bin * this.#width,
      to: this.#minimum + (bin + 1) * this.#width,
      count,
    }));
  }
}

/** One line a bin: its range, a bar, its count. */
export function histogramLines(bins: readonly Bin[], format: (bound: number) => string): string[] {
  const most = Math.max(...bins.map(({ count }) => count));
  const ranges = bins.map(({ from, to }) => `${format(from)} … ${format(to)}`);
  const width = Math.max(...ranges.map(({ length }) => length));
  return bins.map(({ count }, i) =>
    `  ${ranges[i]!.padStart(width)}  ${bar(count / most)} ${count}`.trimEnd(),
  );
}

function bar(share: number): string {
  const eighths = Math.round(share * BAR_WIDTH * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}
