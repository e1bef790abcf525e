/** Baselines for real values. */
import type { Store } from '../data/format/store.ts';
import type { NumberFacts } from '../data/format/target.ts';
import type { Series as RocketSeries } from '../rocket/convolver.ts';
import type { Setting } from './baseline.ts';
import type { Examples } from './examples.ts';
import type { BaselineFamily, Rivals } from './family.ts';
import { byAlpha, byC, linearBaseline } from './linear-baseline.ts';
import { type Distances, nearestBaseline } from './nearest.ts';
import { rocketBaseline, rocketSeries } from './rocket.ts';
import { type Series, seriesOf } from './series.ts';
import { euclidean, warped } from './series-distance.ts';
import { summaryInputs, summaryOf } from './summary.ts';
import type { Target } from './target.ts';

/** Longer sequences are compared at so many timesteps. */
const LONGEST = 512;
/** Share of the length by which warping may shift a timestep. */
const BAND = 0.1;
/** More pairs of timesteps than this take minutes. */
const MOST_PAIRS = 2e9;
/** More values than this take seconds for each draw. */
const MOST_VALUES = 1e6;
const CS = [1, 0.01, 0.1, 10, 100].map(byC);
const ALPHAS = [1, 100, 10, 0.1, 0.01].map(byAlpha);

/** What was read of the examples. */
interface Material {
  readonly summaries: number[][];
  /** Scaled by each sequence's own mean and deviation. */
  readonly own: Series[];
  /** Scaled by those of the training split. */
  readonly common: Series[];
  /** Whole, for convolutions. */
  readonly whole: RocketSeries[];
  /** What is known of the numbers to learn; empty for classes. */
  readonly numbers: readonly NumberFacts[];
  /** Timesteps of each series. */
  readonly length: number;
  readonly channels: number;
}

export function realBaselines({
  manifest,
  index,
}: Pick<Store, 'manifest' | 'index'>): BaselineFamily {
  const { channels, channelStatistics, target } = manifest;
  if (target.kind === 'timestep-class') return OF_TIMESTEPS;
  const middle = index.lengths[index.lengths.length >> 1]!;
  const length = Math.min(LONGEST, middle);
  const numbers = target.kind === 'numbers' ? target.numbers : [];
  const read = { summaries: [], own: [], common: [], whole: [] };
  const material: Material = { ...read, numbers, length, channels };
  return {
    read(values) {
      material.summaries.push(summaryOf(values, channels));
      material.whole.push(rocketSeries(values, manifest));
      material.own.push(seriesOf(values, channels, length, 'sequence'));
      if (channelStatistics.length > 0) {
        material.common.push(seriesOf(values, channels, length, channelStatistics));
      }
    },
    make: (examples, rules) => rivalsOn(material, examples, rules),
  };
}

const OF_TIMESTEPS: BaselineFamily = {
  read: () => {},
  make: () => ({
    baselines: [],
    leftOut: [
      'For a class of each timestep of real values only the most frequent class is known here: there is no baseline of statistics or 1-NN.',
    ],
  }),
};

function rivalsOn(material: Material, examples: Examples, target: Target): Rivals {
  const { summaries, whole, numbers, length } = material;
  const isNumbers = target.kind === 'numbers';
  const model = isNumbers ? 'ridge' : 'logistic';
  const baselines = [
    linearBaseline(
      { examples, target, loss: model },
      {
        name: 'statistics',
        about: `${model} regression on moments, quartiles, slope, autocorrelation and differences`,
        inputs: [{ value: summaryInputs(summaries), words: '' }],
        strengths: isNumbers ? ALPHAS : CS,
      },
    ),
    nearestBaseline(examples, {
      name: '1-NN, Euclidean',
      about: `the nearest labelled sequence, at ${length} timesteps`,
      distances: scaledEitherWay(material, euclidean),
    }),
  ];
  const leftOut: string[] = [];
  const values = whole.reduce((sum, one) => sum + one.values.length, 0);
  if (values <= MOST_VALUES) {
    baselines.push(rocketBaseline(examples, target, { series: whole, numbers }));
  } else {
    leftOut.push(
      `Random convolutions are left out: features of ${values} values for each draw would take minutes; "lockstep rocket" fits one.`,
    );
  }
  const band = Math.ceil(BAND * length);
  const others = examples.sequences.length - examples.trainable;
  const pairs = examples.trainable * others * length * (2 * band + 1) * material.channels;
  if (pairs > MOST_PAIRS) {
    leftOut.push(
      `1-NN with time warping is left out: ${examples.trainable} × ${others} sequences of ${length} timesteps would take minutes.`,
    );
    return { baselines, leftOut };
  }
  const warping = nearestBaseline(examples, {
    name: '1-NN, warped',
    about: `the same with dynamic time warping by at most ${band} timesteps`,
    distances: scaledEitherWay(material, (series) => warped(series, length, band)),
  });
  return { baselines: [...baselines, warping], leftOut };
}

/** A dataset of an older version has no statistics to scale by. */
function scaledEitherWay(
  { own, common }: Material,
  distancesOf: (series: readonly Series[]) => Distances,
): Setting<Distances>[] {
  const bySequence = { value: distancesOf(own), words: 'scaled by sequence' };
  if (common.length === 0) return [bySequence];
  return [bySequence, { value: distancesOf(common), words: 'scaled by dataset' }];
}
