/**
 * The program that measures a cell. Its argument is a request as JSON. It predicts the test split with the weights of
 * each phase in turn, and prints one line of JSON: a report for each phase, or what went wrong.
 */

import { asLockstepError } from '../core/errors.ts';
import { type Failure, failureOfError } from '../core/failure.ts';
import { createEngine } from '../engine/select.ts';
import { loadReferences } from '../extension/load.ts';
import type { ExtensionReference } from '../extension/loaded.ts';
import { readRunConfig } from '../run/folder.ts';
import type { ClassificationReport } from '../workflow/predict/classification-report.ts';
import { reportOnPredictions } from '../workflow/predict/evaluate.ts';
import { matchClasses } from '../workflow/predict/match-classes.ts';
import { predictBatches } from '../workflow/predict/predict-batches.ts';
import { openPredictionTask } from '../workflow/predict/task.ts';

/** What to measure. */
export interface MeasureRequest {
  readonly run: string;
  readonly phases: readonly string[];
  /** Reads only this many first timesteps of each sequence. */
  readonly crop?: number | undefined;
  readonly extensions: readonly ExtensionReference[];
}

/** The line that the program prints. */
export type MeasureLine =
  | { readonly reports: readonly ClassificationReport[] }
  | { readonly failure: Failure };

async function measure(request: MeasureRequest): Promise<ClassificationReport[]> {
  const { run, phases, crop, extensions } = request;
  await loadReferences(extensions);
  const engine = await createEngine(readRunConfig(run).engine);
  const reports: ClassificationReport[] = [];
  for (const phase of phases) {
    const task = await openPredictionTask({ run, phase, split: 'test', labelled: true, crop });
    try {
      const { store, batches } = task;
      const { program, weights, scaling, data } = task.model;
      const trained = data.manifest;
      const source = { engine, program, weights, scaling, store, batches, trained };
      const toModelLabel = matchClasses(task.classes, task.store.manifest.classes);
      reports.push(
        await reportOnPredictions(
          task,
          toModelLabel,
          predictBatches({ ...source, first: 0, stride: 1 }),
        ),
      );
    } finally {
      await task.close();
    }
  }
  return reports;
}

const print = (line: MeasureLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  print({ reports: await measure(JSON.parse(process.argv[2]!) as MeasureRequest) });
} catch (thrown) {
  print({ failure: failureOfError(asLockstepError(thrown)) });
}
