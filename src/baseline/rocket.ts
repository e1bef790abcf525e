/** Ridge regression on random convolutions: what `lockstep rocket` fits, on a draw. */
import type { StoreManifest } from '../data/format/store.ts';
import { type NumberFacts, standardise, unstandardise } from '../data/format/target.ts';
import { scaled, type Units, unitsOfDataset } from '../data/scaling/scaling.ts';
import type { Series } from '../rocket/convolver.ts';
import { Features } from '../rocket/features.ts';
import { fitHead } from '../rocket/head.ts';
import { RocketPredictor } from '../rocket/model.ts';
import { DEFAULT_DILATIONS, DEFAULT_FEATURES, fitTransformTo } from '../rocket/transform.ts';
import { matrix } from '../solver/matrix.ts';
import type { Baseline, Fit, Output } from './baseline.ts';
import type { Examples } from './examples.ts';
import { mostLikely, severalClasses } from './linear.ts';
import type { Target, Values } from './target.ts';

/** The quicker of the two variants: baselines are fitted once a draw. */
const VARIANT = 'mini';
const OPTIONS = {
  variant: VARIANT,
  features: DEFAULT_FEATURES[VARIANT],
  dilations: DEFAULT_DILATIONS,
  seed: 0,
} as const;
const AS_THEY_ARE: Units = { centre: 0, scale: 1 };

/**
 * A sequence as a rocket sees it by default: scaled by the training split, 0 where a value is missing, and with a
 * second channel for each that marks those.
 * @param values `[length · channels]`, NaN where a value is missing
 */
export function rocketSeries(
  values: Int32Array | Float32Array,
  { channels, channelStatistics: statistics }: StoreManifest,
): Series {
  const length = values.length / channels;
  const hasMissing = statistics.some(({ missing }) => missing > 0);
  const series = new Float32Array((hasMissing ? 2 : 1) * values.length);
  for (let channel = 0; channel < channels; channel++) {
    const facts = statistics[channel];
    const units = facts === undefined ? AS_THEY_ARE : unitsOfDataset('dataset', facts);
    for (let t = 0; t < length; t++) {
      const value = values[t * channels + channel]!;
      const isMissing = Number.isNaN(value);
      series[channel * length + t] = isMissing ? 0 : scaled(value, units);
      if (isMissing) series[(channels + channel) * length + t] = 1;
    }
  }
  return { channels: series.length / length, length, values: series };
}

export interface RocketMaterial {
  /** Of the examples, by place. */
  readonly series: readonly Series[];
  /** What is known of the numbers to learn; empty for classes. */
  readonly numbers: readonly NumberFacts[];
}

export function rocketBaseline(
  { truths }: Examples,
  target: Target,
  { series, numbers }: RocketMaterial,
): Baseline {
  const kind = target.kind === 'timestep-class' ? 'class' : target.kind;
  const fit: Fit = (training) => {
    const rows = Array.from(training, (place) => series[place]!);
    const transform = fitTransformTo(rows, OPTIONS);
    const features = new Features(transform);
    const x = matrix(rows.length, features.count);
    for (const [row, one] of rows.entries()) features.write(one, x.values, row * x.columns);
    const y = matrix(rows.length, target.size);
    for (const [row, place] of training.entries()) {
      y.values.set(targetsOf(truths[place]!, target, numbers), row * target.size);
    }
    const head = fitHead(x, y, kind, { kinds: features.kinds });
    const predictor = new RocketPredictor({ transform, head });
    const answer = (place: number): Output => {
      const outputs = predictor.outputs(predictor.features(series[place]!, []));
      return outputOf(Float64Array.from(outputs), target, numbers);
    };
    return (places) => Array.from(places, answer);
  };
  return {
    name: 'random convolutions, ridge',
    about: 'ridge regression on the features of MiniRocket',
    choose: () => ({ setting: '', fit }),
  };
}

function targetsOf(
  truth: Values,
  { kind, size }: Target,
  numbers: readonly NumberFacts[],
): number[] {
  if (kind === 'numbers') return numbers.map((facts, i) => standardise(truth[i]!, facts));
  const own = new Set(Array.from(truth));
  return Array.from({ length: size }, (_, label) => (own.has(label) ? 1 : -1));
}

function outputOf(
  outputs: Float64Array,
  { kind }: Target,
  numbers: readonly NumberFacts[],
): Output {
  if (kind === 'numbers') {
    return { answer: numbers.map((facts, i) => unstandardise(outputs[i]!, facts)) };
  }
  return kind === 'classes' ? severalClasses(outputs) : mostLikely(outputs);
}
