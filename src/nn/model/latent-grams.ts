/**
 * Roots of n-gram frequencies, weighed by how much an n-gram tells, on the directions in which training sequences differ
 * most. All of that is fitted at a run's beginning to sequences without labels; phases train heads on it.
 */
import { z } from 'zod';
import { gramBuckets, gramOrders } from '../../config/gram-options.ts';
import { LockstepError } from '../../core/errors.ts';
import type { DataFacts } from '../../data/facts.ts';
import type { ForwardContext } from '../../engine/engine.ts';
import type { GramOptions, Tensor } from '../../engine/ops.ts';
import { defineModel } from '../define.ts';
import { fitGrams } from '../gram/fit-grams.ts';
import { multiplierFor } from '../gram/places.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';
import type { Model, ParameterDescription } from './model.ts';

const options = z.strictObject({
  /** Directions that it keeps; as many features has a sequence. */
  channels: z.int().min(1).max(1024).default(24),
  /** Lengths of the n-grams. */
  orders: gramOrders,
  /** Places for the n-grams of one length; a hash shares them out. */
  buckets: gramBuckets,
  /** How many training sequences the fit reads at most; the run's seed draws them. */
  fitSequences: z.int().min(1).default(2000),
});

const IMPORTANCE = 'importance';
const ENCODER = 'encoder';

export const latentGrams = defineModel({ family: 'latent-grams', options, build });

/** @throws LockstepError CONFIG_INVALID for real values and for several channels */
function build(
  { channels, orders, buckets, fitSequences }: z.output<typeof options>,
  facts: DataFacts,
): Model {
  refuseOtherData(facts);
  const { symbols } = facts;
  const grams = { orders, buckets, multiplier: multiplierFor(buckets), before: symbols + 1 };
  return {
    channels,
    parameters: parametersOf(orders.length * buckets, channels),
    norms: [],
    isCausal: false,
    receptiveField: Number.POSITIVE_INFINITY,
    reads: 'symbols',
    fit: {
      sequences: fitSequences,
      of: (sequences) => fitted(sequences, grams, channels),
    },
    features: (context) => features(context, symbols, grams),
  };
}

function refuseOtherData({ symbols, channels }: DataFacts): void {
  if (symbols > 0 && channels === 1) return;
  const found = symbols > 0 ? `${channels} channels` : 'real values';
  throw new LockstepError(
    'CONFIG_INVALID',
    `model.family is "latent-grams", which counts n-grams of symbols, but the dataset holds ${found}.`,
    'Choose another family, such as "dilated".',
  );
}

function parametersOf(columns: number, channels: number): ParameterDescription[] {
  const importance = {
    name: IMPORTANCE,
    shape: [columns],
    initial: { kind: 'constant', value: 1 },
  } as const;
  const all = [importance, ...linearParameters(ENCODER, { out: channels, in: columns })];
  return all.map((parameter) => ({ ...parameter, isFixed: true }));
}

async function fitted(
  sequences: AsyncIterable<ArrayLike<number>>,
  grams: GramOptions,
  channels: number,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { importance, weight, bias } = await fitGrams(sequences, grams, channels);
  const transposed = new Float32Array(weight.values.length);
  for (let column = 0; column < weight.rows; column++) {
    for (let channel = 0; channel < channels; channel++) {
      transposed[channel * weight.rows + column] = weight.values[column * channels + channel]!;
    }
  }
  return new Map([
    [IMPORTANCE, Float32Array.from(importance)],
    [`${ENCODER}.weight`, transposed],
    [`${ENCODER}.bias`, Float32Array.from(bias)],
  ]);
}

/** The sequence's features, at each of its timesteps. A hidden symbol is symbol K. */
function features(context: ForwardContext, symbols: number, grams: GramOptions): Tensor {
  const { ops, feed, parameter } = context;
  const values = feed('values');
  const visible = context.hasFeed('mask') ? ops.fill(values, feed('mask'), symbols) : values;
  const roots = ops.sqrt(ops.gramFrequencies(visible, grams));
  const weighed = ops.unitRows(ops.mul(roots, parameter(IMPORTANCE)));
  return ops.repeatOverLength(ops.detach(linear(context, ENCODER, weighed)));
}
