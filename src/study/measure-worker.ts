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
import { type ModelMeasurement, measureModel } from './measure-model.ts';

/** What to measure. */
export interface MeasureRequest {
  readonly run: string;
  readonly phases: readonly string[];
  /** Reads only this many first timesteps of each sequence. */
  readonly crop?: number | undefined;
  readonly extensions: readonly ExtensionReference[];
}

export interface CellMeasurement {
  /** Numbers of the test sequences in the store, ascending. */
  readonly testSequences: readonly number[];
  readonly phases: readonly ModelMeasurement[];
}

/** The line that the program prints. */
export type MeasureLine = CellMeasurement | { readonly failure: Failure };

async function measure(request: MeasureRequest): Promise<CellMeasurement> {
  const { run, phases, crop, extensions } = request;
  await loadReferences(extensions);
  const engine = await createEngine(readRunConfig(run).engine);
  const measured: ModelMeasurement[] = [];
  let testSequences: readonly number[] = [];
  for (const phase of phases) {
    const one = await measureModel({ run, phase, split: 'test', crop }, async () => engine);
    testSequences = one.sequences;
    measured.push(one.measurement);
  }
  return { testSequences, phases: measured };
}

const print = (line: MeasureLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

guardOutputs();
try {
  print(await measure(JSON.parse(process.argv[2]!) as MeasureRequest));
} catch (thrown) {
  print({ failure: failureOfError(asLockstepError(thrown)) });
}
