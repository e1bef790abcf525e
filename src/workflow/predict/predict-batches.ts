/** Predictions, one micro-batch after the other. */
import { LockstepError } from '../../core/errors.ts';
import { collate } from '../../data/collate.ts';
import type { Store, StoreManifest } from '../../data/format/store.ts';
import type { MicroBatchList } from '../../data/plan/evaluation-batches.ts';
import type { PlannedMicroBatch } from '../../data/plan/plan.ts';
import type { Forward } from './forward.ts';
import { type OutputMeaning, type OutputTask, type TaskOutput, taskOutput } from './task-output.ts';
import { unfamiliarValues } from './unfamiliar-values.ts';

export interface SequencePrediction {
  /** Number of the sequence in its store. */
  readonly sequence: number;
  readonly output: TaskOutput;
  /** Values such as training never saw, see unfamiliar-values.ts. */
  readonly unfamiliar: readonly number[];
}

export interface PredictInput {
  /** Disposed of at the end. */
  readonly forward: Forward;
  /** What it predicts. */
  readonly task: OutputTask;
  readonly store: Store;
  readonly batches: MicroBatchList;
  /** The dataset that the weights were trained on. */
  readonly trained: StoreManifest;
  /** Computes every `stride`-th micro-batch, from this one on. */
  readonly first: number;
  readonly stride: number;
}

/**
 * Yields the predictions of each micro-batch in turn.
 * @throws LockstepError NON_FINITE when the weights give outputs that are not numbers
 */
export async function* predictBatches(
  input: PredictInput,
): AsyncGenerator<SequencePrediction[], void> {
  const { forward, task, store, batches, trained, first, stride } = input;
  const { target } = trained;
  const meaning = { task, numbers: target.kind === 'numbers' ? target.numbers : [] };
  const unfamiliarIn = unfamiliarValues(trained);
  try {
    for (let position = first; position < batches.length; position += stride) {
      yield await predictOne({ forward, meaning, store, unfamiliarIn }, batches.at(position));
    }
  } finally {
    forward.dispose();
  }
}

interface Predicting extends Pick<PredictInput, 'store' | 'forward'> {
  readonly meaning: OutputMeaning;
  readonly unfamiliarIn: ReturnType<typeof unfamiliarValues>;
}

async function predictOne(
  { forward, meaning, store, unfamiliarIn }: Predicting,
  batch: PlannedMicroBatch,
): Promise<SequencePrediction[]> {
  const padded = await collate(store, batch);
  const { paddedLength, channels, values } = padded;
  const data = forward.outputs(padded);
  const width = data.length / batch.rows.length;
  await refuseNonFinite(data, width, store, batch);
  return batch.rows.map(({ sequence, count }, row) => {
    const begin = row * paddedLength * channels;
    const unfamiliar = unfamiliarIn(values.subarray(begin, begin + count * channels));
    // The outputs of a row, or of its timesteps with the padding behind them.
    const all = data.subarray(row * width, (row + 1) * width);
    const ofSteps = all.subarray(0, (width / paddedLength) * count);
    const outputs = meaning.task === 'timestep-class' ? ofSteps : all;
    return { sequence, output: taskOutput(meaning, outputs, count), unfamiliar };
  });
}

async function refuseNonFinite(
  data: Float32Array,
  width: number,
  store: Store,
  batch: PlannedMicroBatch,
): Promise<void> {
  const first = data.findIndex((logit) => !Number.isFinite(logit));
  if (first < 0) return;
  const row = Math.floor(first / width);
  const outputs = [...data.subarray(row * width, (row + 1) * width)];
  const shown = `${outputs.slice(0, 20).join(', ')}${outputs.length > 20 ? ', …' : ''}`;
  const { sequence } = batch.rows[row]!;
  throw new LockstepError(
    'NON_FINITE',
    `The outputs for sequence "${(await store.ids())[sequence]}" are ${shown}.`,
    'Choose another checkpoint: these weights are damaged or diverged.',
  );
}
