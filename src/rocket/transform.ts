/** MiniRocket's features of a sequence: how often the output of each kernel is greater than each of its biases. */
import { randomStream } from '../core/random.ts';
import { type Convolution, Convolver, type Series } from './convolver.ts';
import { biasQuantile, type Dilations, dilationsFor, featureCount, KERNELS } from './kernels.ts';
import { sortRanks } from './order-statistics.ts';

/** All that the features follow from. */
export interface Transform extends Dilations {
  /** Of a sequence. */
  readonly channels: number;
  /** `[dilations · kernels]`: channels of each convolution. */
  readonly channelCounts: Int32Array;
  /** The channels of all convolutions, one after the other. */
  readonly channelIndices: Int32Array;
  /** `[features]`, in the order of dilations, then kernels. */
  readonly biases: Float32Array;
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
  /** About so many: a multiple of the number of kernels. */
  readonly features: number;
  /** Dilations of a kernel, at most. */
  readonly dilations: number;
  readonly seed: number;
}

/** Draws of one transform: which channels each convolution adds, and which sequence its biases come from. */
const [CHANNEL_COUNTS, CHANNELS, SEQUENCES] = [0, 1, 2];

/** A convolution of a transform, and where its features are. */
interface PlannedConvolution extends Convolution {
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

/** Published values: about 10 000 features, at most 32 dilations. */
export const TRANSFORM_DEFAULTS = { features: 9_996, dilations: 32 } as const;

/** Fits the biases to the outputs of training sequences, each of which is read once at most. */
export async function fitTransform(
  rows: SeriesList,
  options: TransformOptions,
): Promise<Transform> {
  const fit = new TransformFit(rows.count, options);
  for (const row of fit.rows) fit.add(row, await rows.read(row));
  return fit.transform;
}

/** `fitTransform` to sequences in memory; the largest dilation spans the longest. */
export function fitTransformTo(
  rows: readonly Series[],
  options: Pick<TransformOptions, 'features' | 'dilations' | 'seed'>,
): Transform {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 1);
  const fit = new TransformFit(rows.length, { ...options, channels: rows[0]!.channels, length });
  for (const row of fit.rows) fit.add(row, rows[row]!);
  return fit.transform;
}

/** The convolutions of a transform, dealt out to the sequences that their biases come from. */
class TransformFit {
  /** Complete once all rows were added. */
  readonly transform: Transform;
  readonly #convolver: Convolver;
  readonly #byRow = new Map<number, PlannedConvolution[]>();

  constructor(
    count: number,
    { channels, length, features, dilations: most, seed }: TransformOptions,
  ) {
    const dilations = dilationsFor(length, features, most);
    const drawn = drawChannels(dilations.dilations.length * KERNELS.length, channels, seed);
    const biases = new Float32Array(featureCount(dilations));
    this.transform = { ...dilations, ...drawn, channels, biases };
    this.#convolver = new Convolver(channels, dilations.dilations.at(-1)!, new Float32Array(0));
    const draw = randomStream(seed, 'rocket', SEQUENCES);
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

  add(row: number, series: Series): void {
    this.#convolver.load(series);
    for (const convolution of this.#byRow.get(row)!) {
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
): Pick<Transform, 'channelCounts' | 'channelIndices'> {
  const counts = randomStream(seed, 'rocket', CHANNEL_COUNTS);
  const most = Math.min(channels, MOST_CHANNELS);
  const channelCounts = new Int32Array(convolutions);
  const indices: number[] = [];
  for (let at = 0; at < convolutions; at++) {
    const count = Math.min(most, Math.floor((most + 1) ** counts.uniform(at)));
    channelCounts[at] = count;
    const draw = randomStream(seed, 'rocket', CHANNELS, at);
    const left = Array.from({ length: channels }, (_, channel) => channel);
    for (let n = 0; n < count; n++) {
      indices.push(...left.splice(draw.integer(n, left.length), 1));
    }
  }
  return { channelCounts, channelIndices: Int32Array.from(indices) };
}

/** Computes features, one sequence after the other: those of a sequence depend on nothing else. */
export class Features {
  /** Number of features of a sequence. */
  readonly count: number;
  readonly #convolver: Convolver;
  readonly #convolutions: readonly PlannedConvolution[];

  constructor(transform: Transform) {
    const { channels, dilations, biases } = transform;
    this.count = biases.length;
    this.#convolver = new Convolver(channels, dilations.at(-1)!, biases);
    this.#convolutions = convolutionsOf(transform);
  }

  /** Writes the features of a sequence to `target`, from `start`. */
  write(series: Series, target: Float32Array | Float64Array, start = 0): void {
    const convolver = this.#convolver;
    convolver.load(series);
    const { counts } = convolver;
    for (const convolution of this.#convolutions) {
      const { begin, end, isPadded } = convolution;
      const outputs = convolver.countAbove(convolution, begin, end, isPadded);
      for (let feature = begin; feature < end; feature++) {
        target[start + feature] = Math.fround(counts[feature]! / outputs);
      }
    }
  }
}
