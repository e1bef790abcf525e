/** Convolutions of sequences and the biases that their outputs are compared with, fitted to training sequences. */
import { randomStream } from '../core/random.ts';
import { type Convolution, Convolver, type Series } from './convolver.ts';
import { biasQuantile, type Dilations, dilationsFor, featureCount, KERNELS } from './kernels.ts';
import { sortRanks } from './order-statistics.ts';

/** The convolutions of one representation of a sequence. */
export interface Transform extends Dilations {
  /** Of a sequence. */
  readonly channels: number;
  /** `[dilations · kernels]`: channels of each convolution. */
  readonly channelCounts: Int32Array;
  /** The channels of all convolutions, one after the other. */
  readonly channelIndices: Int32Array;
  /** In the order of dilations, then kernels. */
  readonly biases: Float32Array;
}

/**
 * `mini`: MiniRocket, whose features are shares of outputs above a bias. `multi`: MultiRocket (Tan, Dempster, Bergmeir
 * & Webb 2022), with four features a bias, of the sequence and of its first differences.
 */
export type Variant = 'mini' | 'multi';

/** All that the features of a sequence follow from. */
export interface RocketTransform {
  readonly variant: Variant;
  /** Of the sequence; for `multi` then of its differences. */
  readonly parts: readonly Transform[];
}

/** Features of each bias. */
export const POOLS: Readonly<Record<Variant, number>> = { mini: 1, multi: 4 };
const PARTS: Readonly<Record<Variant, number>> = { mini: 1, multi: 2 };

/** The sequence as a part of a transform sees it: as it is, or its first differences. */
export function representationOf(series: Series, part: number): Series {
  return part === 0 ? series : differencesOf(series);
}

/** Of a sequence of one timestep it is 0. */
function differencesOf({ channels, length, values }: Series): Series {
  const count = Math.max(1, length - 1);
  const differences = new Float32Array(channels * count);
  for (let channel = 0; channel < channels; channel++) {
    for (let t = 0; t < length - 1; t++) {
      const at = channel * length + t;
      differences[channel * count + t] = values[at + 1]! - values[at]!;
    }
  }
  return { channels, length: count, values: differences };
}

/** Training sequences, in a fixed order. */
export interface SeriesList {
  readonly count: number;
  read(position: number): Promise<Series>;
}

export interface TransformOptions {
  readonly channels: number;
  /** Timesteps that the largest dilation spans. */
  readonly length: number;
  readonly variant: Variant;
  /** About so many. */
  readonly features: number;
  /** Dilations of a kernel, at most. */
  readonly dilations: number;
  readonly seed: number;
}

/** Draws of one part: which channels each convolution adds, and which sequence its biases come from. */
const [CHANNEL_COUNTS, CHANNELS, SEQUENCES, DRAWS] = [0, 1, 2, 3];
const drawOf = (what: number, part: number): number => DRAWS * part + what;

/** A convolution of a transform, and where its features are. */
export interface PlannedConvolution extends Convolution {
  readonly isPadded: boolean;
  readonly begin: number;
  readonly end: number;
}

/** Every convolution of a transform, in the order of its features. */
export function convolutionsOf(
  transform: Omit<Transform, 'biases' | 'channels'>,
): PlannedConvolution[] {
  const { dilations, features, channelCounts, channelIndices } = transform;
  const all: PlannedConvolution[] = [];
  let [begin, firstChannel] = [0, 0];
  for (const [at, dilation] of dilations.entries()) {
    for (let kernel = 0; kernel < KERNELS.length; kernel++) {
      const end = begin + features[at]!;
      const afterChannels = firstChannel + channelCounts[all.length]!;
      const channels = channelIndices.subarray(firstChannel, afterChannels);
      // Every second one counts what the ends of a sequence give, too.
      const isPadded = (at + kernel) % 2 === 0;
      all.push({ dilation, kernel, channels, isPadded, begin, end });
      [begin, firstChannel] = [end, afterChannels];
    }
  }
  return all;
}

/** Published numbers of features. */
export const DEFAULT_FEATURES: Readonly<Record<Variant, number>> = { mini: 9_996, multi: 49_728 };
/** The published value. */
export const DEFAULT_DILATIONS = 32;

/** Fits the biases to the outputs of training sequences, each of which is read once at most. */
export async function fitTransform(
  rows: SeriesList,
  options: TransformOptions,
): Promise<RocketTransform> {
  const fit = new TransformFit(rows.count, options);
  for (const row of fit.rows) fit.add(row, await rows.read(row));
  return fit.transform;
}

/** `fitTransform` to sequences in memory; the largest dilation spans the longest. */
export function fitTransformTo(
  rows: readonly Series[],
  options: Omit<TransformOptions, 'channels' | 'length'>,
): RocketTransform {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 1);
  const fit = new TransformFit(rows.length, { ...options, channels: rows[0]!.channels, length });
  for (const row of fit.rows) fit.add(row, rows[row]!);
  return fit.transform;
}

class TransformFit {
  /** Complete once all rows were added. */
  readonly transform: RocketTransform;
  /** Those that were drawn. */
  readonly rows: ReadonlySet<number>;
  readonly #parts: readonly PartFit[];

  constructor(count: number, options: TransformOptions) {
    const { variant, features, length } = options;
    const parts = Array.from({ length: PARTS[variant] }, (_, part) => {
      const biases = features / PARTS[variant] / POOLS[variant];
      return new PartFit(count, part, { ...options, features: biases, length: length - part });
    });
    this.#parts = parts;
    this.rows = new Set(parts.flatMap((part) => [...part.rows]));
    this.transform = { variant, parts: parts.map(({ transform }) => transform) };
  }

  add(row: number, series: Series): void {
    for (const [at, part] of this.#parts.entries()) part.add(row, representationOf(series, at));
  }
}

/** The convolutions of a part, dealt out to the sequences that their biases come from. */
class PartFit {
  /** Complete once all rows were added. */
  readonly transform: Transform;
  readonly #convolver: Convolver;
  readonly #byRow = new Map<number, PlannedConvolution[]>();

  /** @param features of the options: how many biases */
  constructor(
    count: number,
    part: number,
    { channels, length, features, dilations: most, seed }: Omit<TransformOptions, 'variant'>,
  ) {
    const dilations = dilationsFor(length, features, most);
    const drawn = drawChannels(dilations.dilations.length * KERNELS.length, channels, seed, part);
    const biases = new Float32Array(featureCount(dilations));
    this.transform = { ...dilations, ...drawn, channels, biases };
    this.#convolver = new Convolver(channels, dilations.dilations.at(-1)!, new Float32Array(0));
    const draw = randomStream(seed, 'rocket', drawOf(SEQUENCES, part));
    for (const [at, convolution] of convolutionsOf(this.transform).entries()) {
      const row = draw.integer(at, count);
      const ofRow = this.#byRow.get(row) ?? [];
      ofRow.push(convolution);
      this.#byRow.set(row, ofRow);
    }
  }

  /** Those that were drawn. */
  get rows(): Iterable<number> {
    return this.#byRow.keys();
  }

  /** Does nothing with a row that was not drawn. */
  add(row: number, series: Series): void {
    const convolutions = this.#byRow.get(row);
    if (convolutions === undefined) return;
    this.#convolver.load(series);
    for (const convolution of convolutions) {
      const outputs = this.#convolver.output(convolution);
      writeQuantiles(outputs, convolution, this.transform.biases);
    }
  }
}

/** Writes the biases of a convolution: quantiles of its outputs, each between the two nearest outputs. */
function writeQuantiles(
  outputs: Float32Array,
  { begin, end }: Pick<PlannedConvolution, 'begin' | 'end'>,
  biases: Float32Array,
): void {
  const last = outputs.length - 1;
  const places = Array.from({ length: end - begin }, (_, at) => last * biasQuantile(begin + at));
  const ranks = places.flatMap((place) => [
    Math.floor(place),
    Math.min(last, Math.floor(place) + 1),
  ]);
  sortRanks(outputs, Int32Array.from(ranks).sort());
  for (const [at, place] of places.entries()) {
    const value = outputs[ranks[2 * at]!]!;
    const next = outputs[ranks[2 * at + 1]!]!;
    biases[begin + at] = value + (place - Math.floor(place)) * (next - value);
  }
}

/** At most so many channels in one convolution. */
const MOST_CHANNELS = 9;

/** Numbers of channels are drawn evenly in their logarithms. */
function drawChannels(
  convolutions: number,
  channels: number,
  seed: number,
  part: number,
): Pick<Transform, 'channelCounts' | 'channelIndices'> {
  const counts = randomStream(seed, 'rocket', drawOf(CHANNEL_COUNTS, part));
  const most = Math.min(channels, MOST_CHANNELS);
  const channelCounts = new Int32Array(convolutions);
  const indices: number[] = [];
  for (let at = 0; at < convolutions; at++) {
    const count = Math.min(most, Math.floor((most + 1) ** counts.uniform(at)));
    channelCounts[at] = count;
    const draw = randomStream(seed, 'rocket', drawOf(CHANNELS, part), at);
    const left = Array.from({ length: channels }, (_, channel) => channel);
    for (let n = 0; n < count; n++) {
      indices.push(...left.splice(draw.integer(n, left.length), 1));
    }
  }
  return { channelCounts, channelIndices: Int32Array.from(indices) };
}
