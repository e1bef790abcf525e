/**
 * The program that measures a cell. Its argument is a request as JSON. It predicts the test split with the weights of
 * each phase in turn, and prints one line of JSON: a figure of merit for each phase, or what went wrong.
 */

import { asLockstepError } from '../core/errors.ts';
import { type Failure, failureOfError } from '../core/failure.ts';
import { createEngine } from '../engine/select.ts';
import { loadReferences } from '../extension/load.ts';
import type { ExtensionReference } from '../extension/loaded.ts';
import { readRunConfig } from '../run/folder.ts';
import { forwardOf } from '../workflow/predict/forward.ts';
import { predictBatches } from '../workflow/predict/predict-batches.ts';
import { openPredictionTask } from '../workflow/predict/task.ts';
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

/** The line that the program prints. */
export type MeasureLine = { readonly merits: readonly Merit[] } | { readonly failure: Failure };

async function measure(request: MeasureRequest): Promise<Merit[]> {
  const { run, phases, crop, extensions } = request;
  await loadReferences(extensions);
  const engine = await createEngine(readRunConfig(run).engine);
  const merits: Merit[] = [];
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
      const report = await reportOnPredictions(task, matchTarget(task), predictions);
      merits.push(meritOf(report));
    } finally {
      await task.close();
    }
  }
  return merits;
}

const print = (line: MeasureLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  print({ merits: await measure(JSON.parse(process.argv[2]!) as MeasureRequest) });
} catch (thrown) {
  print({ failure: failureOfError(asLockstepError(thrown)) });
}
