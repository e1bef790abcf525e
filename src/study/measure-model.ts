/** Predicts a split with a model and tells how well it did. */
import type { Split } from '../data/format/store.ts';
import type { Engine } from '../engine/engine.ts';
import { forwardOf } from '../workflow/predict/forward.ts';
import { predictBatches, type SequencePrediction } from '../workflow/predict/predict-batches.ts';
import { openPredictionTask } from '../workflow/predict/task.ts';
import { mostLikely } from '../workflow/predict/task-output.ts';
import {
  type Merit,
  matchTarget,
  meritOf,
  reportOnPredictions,
} from '../workflow/predict/task-report.ts';

/** Which model, on what. */
export interface ModelRequest {
  readonly run: string;
  /** The weights at the end of this phase; a fitted model has none. */
  readonly phase?: string;
  readonly split: Split;
  /** Reads only this many first timesteps of each sequence. */
  readonly crop?: number | undefined;
}

/** A model's figure of merit on a split. */
export interface ModelMeasurement extends Merit {
  /** Of each sequence: 1 if its class was named, else 0. Absent for other targets than one class. */
  readonly hits?: string;
  /** How far probabilities lie from frequencies. Absent for other targets than one class. */
  readonly calibrationError?: number;
}

export interface MeasuredModel {
  /** Numbers of the sequences in the store, ascending. */
  readonly sequences: readonly number[];
  readonly measurement: ModelMeasurement;
}

/**
 * @param engine called for a network
 * @throws LockstepError what is wrong with run or data
 */
export async function measureModel(
  request: ModelRequest,
  engine: () => Promise<Engine>,
): Promise<MeasuredModel> {
  const task = await openPredictionTask({ ...request, labelled: true });
  try {
    const { store, batches, model } = task;
    const predictions = predictBatches({
      forward: await forwardOf(model, engine),
      task: model.task,
      store,
      batches,
      trained: model.data.manifest,
      first: 0,
      stride: 1,
    });
    const toModelLabel = matchTarget(task);
    const all: SequencePrediction[] = [];
    for await (const batch of predictions) all.push(...batch);
    all.sort((a, b) => a.sequence - b.sequence);
    const report = await reportOnPredictions(task, toModelLabel, all);
    const isRight = ({ sequence, output }: SequencePrediction) =>
      isHit(output, toModelLabel[store.index.labels[sequence]!]!);
    return {
      sequences: all.map(({ sequence }) => sequence),
      measurement: {
        ...meritOf(report),
        ...(report.task === 'class' && {
          hits: all.map((one) => (isRight(one) ? '1' : '0')).join(''),
          calibrationError: report.calibrationError,
        }),
      },
    };
  } finally {
    await task.close();
  }
}

const isHit = (output: SequencePrediction['output'], label: number): boolean =>
  'logProbabilities' in output && mostLikely(output.logProbabilities) === label;
