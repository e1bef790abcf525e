/**
 * The program that measures a cell. Its argument is a request as JSON. It predicts the test split with the weights of
 * each phase in turn, and prints one line of JSON: a figure of merit for each phase, or what went wrong.
 */

import { asLockstepError } from '../core/errors.ts';
import { type Failure, failureOfError } from '../core/failure.ts';
import { createEngine } from '../engine/select.ts';
import { loadReferences } from '../extension/load.ts';
import type { ExtensionReference } from '../extension/loaded.ts';
import { guardOutputs } from '../launch/outputs.ts';
import { readRunConfig } from '../run/folder.ts';
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

/** What to measure. */
export interface MeasureRequest {
  readonly run: string;
  readonly phases: readonly string[];
  /** Reads only this many first timesteps of each sequence. */
  readonly crop?: number | undefined;
  readonly extensions: readonly ExtensionReference[];
}

/** A phase's figure of merit on the test split. */
export interface PhaseMeasurement extends Merit {
  /** Of each test sequence: 1 if its class was named, else 0. Absent for other targets than one class. */
  readonly hits?: string;
  /** How far probabilities lie from frequencies. Absent for other targets than one class. */
  readonly calibrationError?: number;
}

export interface CellMeasurement {
  /** Numbers of the test sequences in the store, ascending. */
  readonly testSequences: readonly number[];
  readonly phases: readonly PhaseMeasurement[];
}

/** The line that the program prints. */
export type MeasureLine = CellMeasurement | { readonly failure: Failure };

async function measure(request: MeasureRequest): Promise<CellMeasurement> {
  const { run, phases, crop, extensions } = request;
  await loadReferences(extensions);
  const engine = await createEngine(readRunConfig(run).engine);
  const measured: PhaseMeasurement[] = [];
  let testSequences: number[] = [];
  for (const phase of phases) {
    const task = await openPredictionTask({ run, phase, split: 'test', labelled: true, crop });
    try {
      const { store, batches, model } = task;
      const predictions = predictBatches({
        forward: await forwardOf(model, async () => engine),
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
      testSequences = all.map(({ sequence }) => sequence);
      const isRight = ({ sequence, output }: SequencePrediction) =>
        isHit(output, toModelLabel[store.index.labels[sequence]!]!);
      measured.push({
        ...meritOf(report),
        ...(report.task === 'class' && {
          hits: all.map((one) => (isRight(one) ? '1' : '0')).join(''),
          calibrationError: report.calibrationError,
        }),
      });
    } finally {
      await task.close();
    }
  }
  return { testSequences, phases: measured };
}

const isHit = (output: SequencePrediction['output'], label: number): boolean =>
  'logProbabilities' in output && mostLikely(output.logProbabilities) === label;

const print = (line: MeasureLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

guardOutputs();
try {
  print(await measure(JSON.parse(process.argv[2]!) as MeasureRequest));
} catch (thrown) {
  print({ failure: failureOfError(asLockstepError(thrown)) });
}
