/** Class probabilities, one micro-batch after the other. */
import type { Weights } from '../../checkpoint/state-tensors.ts';
import { LockstepError } from '../../core/errors.ts';
import { collate } from '../../data/collate.ts';
import type { Store, StoreManifest } from '../../data/format/store.ts';
import type { MicroBatchList } from '../../data/plan/evaluation-batches.ts';
import type { PlannedMicroBatch } from '../../data/plan/plan.ts';
import { scaleRows } from '../../data/scaling/scale-rows.ts';
import type { Scaling } from '../../data/scaling/scaling.ts';
import type { Engine, Program, Session } from '../../engine/engine.ts';
import { bareMicroBatch } from '../../nn/objective/objective.ts';
import { unfamiliarValues } from './unfamiliar-values.ts';

export interface SequencePrediction {
  /** Number of the sequence in its store. */
  readonly sequence: number;
  /** log p of each class, finite even where p is 0 in floating point. */
  readonly logProbabilities: readonly number[];
  /** Values such as training never saw, see unfamiliar-values.ts. */
  readonly unfamiliar: readonly number[];
}

export interface PredictInput {
  readonly engine: Engine;
  readonly program: Program;
  readonly weights: Weights;
  readonly store: Store;
  readonly batches: MicroBatchList;
  /** The dataset that the weights were trained on. */
  readonly trained: StoreManifest;
  /** How the weights saw its numbers. */
  readonly scaling: Scaling;
  /** Computes every `stride`-th micro-batch, from this one on. */
  readonly first: number;
  readonly stride: number;
}

/**
 * Yields the predictions of each micro-batch in turn.
 * @throws LockstepError NON_FINITE when the weights give logits that are not numbers
 */
export async function* predictBatches(
  input: PredictInput,
): AsyncGenerator<SequencePrediction[], void> {
  const { engine, program, weights, store, batches, trained, scaling, first, stride } = input;
  const unfamiliarIn = unfamiliarValues(trained);
  const session = engine.session(program);
  try {
    session.load({ ...weights, moments: [] });
    for (let position = first; position < batches.length; position += stride) {
      yield await predictOne({ session, store, unfamiliarIn, scaling }, batches.at(position));
    }
  } finally {
    session.dispose();
  }
}

interface Predicting extends Pick<PredictInput, 'store' | 'scaling'> {
  readonly session: Session;
  readonly unfamiliarIn: ReturnType<typeof unfamiliarValues>;
}

async function predictOne(
  { session, store, unfamiliarIn, scaling }: Predicting,
  batch: PlannedMicroBatch,
): Promise<SequencePrediction[]> {
  const padded = await collate(store, batch);
  const { paddedLength, channels, values } = padded;
  const { shape, data } = session.forward(bareMicroBatch(scaleRows(padded, scaling)));
  const classes = shape[1]!;
  await refuseNonFinite(data, classes, store, batch);
  return batch.rows.map(({ sequence, count }, row) => {
    const begin = row * paddedLength * channels;
    const unfamiliar = unfamiliarIn(values.subarray(begin, begin + count * channels));
    const logits = data.subarray(row * classes, (row + 1) * classes);
    return { sequence, logProbabilities: logSoftmax(logits), unfamiliar };
  });
}

/** log p of each class, in float64. */
export function logSoftmax(logits: Float32Array): number[] {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return Array.from(logits, (logit) => logit - largest - Math.log(sum));
}

async function refuseNonFinite(
  data: Float32Array,
  classes: number,
  store: Store,
  batch: PlannedMicroBatch,
): Promise<void> {
  const first = data.findIndex((logit) => !Number.isFinite(logit));
  if (first < 0) return;
  const row = Math.floor(first / classes);
  const logits = data.subarray(row * classes, (row + 1) * classes);
  const { sequence } = batch.rows[row]!;
  throw new LockstepError(
    'NON_FINITE',
    `The logits of sequence "${(await store.ids())[sequence]}" are ${[...logits].join(', ')}.`,
    'Choose another checkpoint: these weights are damaged or diverged.',
  );
}
