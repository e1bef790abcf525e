/** Predictions, one micro-batch after the other. */
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
  readonly engine: Engine;
  readonly program: Program;
  /** What the program predicts. */
  readonly task: OutputTask;
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
 * @throws LockstepError NON_FINITE when the weights give outputs that are not numbers
 */
export async function* predictBatches(
  input: PredictInput,
): AsyncGenerator<SequencePrediction[], void> {
  const { engine, program, task, weights, store, batches, trained, scaling, first, stride } = input;
  const { target } = trained;
  const meaning = { task, numbers: target.kind === 'numbers' ? target.numbers : [] };
  const unfamiliarIn = unfamiliarValues(trained);
  const session = engine.session(program);
  try {
    session.load({ ...weights, moments: [] });
    for (let position = first; position < batches.length; position += stride) {
      yield await predictOne(
        { session, meaning, store, unfamiliarIn, scaling },
        batches.at(position),
      );
    }
  } finally {
    session.dispose();
  }
}

interface Predicting extends Pick<PredictInput, 'store' | 'scaling'> {
  readonly session: Session;
  readonly meaning: OutputMeaning;
  readonly unfamiliarIn: ReturnType<typeof unfamiliarValues>;
}

async function predictOne(
  { session, meaning, store, unfamiliarIn, scaling }: Predicting,
  batch: PlannedMicroBatch,
): Promise<SequencePrediction[]> {
  const padded = await collate(store, batch);
  const { paddedLength, channels, values } = padded;
  const { data } = session.forward(bareMicroBatch(scaleRows(padded, scaling)));
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
