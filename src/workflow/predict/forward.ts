/** How a model computes its outputs: a network in an engine, a fitted model by itself. */
import type { PaddedRows } from '../../data/collate.ts';
import { scaleRows } from '../../data/scaling/scale-rows.ts';
import type { Engine } from '../../engine/engine.ts';
import { NgramPredictor } from '../../ngram/model.ts';
import { bareMicroBatch } from '../../nn/objective/objective.ts';
import { RocketPredictor } from '../../rocket/model.ts';
import { rocketInputs } from '../../run/rocket/series.ts';
import type { TrainedFit, TrainedNgrams, TrainedRocket } from './trained-fit.ts';
import type { NetworkModel } from './trained-model.ts';

export interface Forward {
  /**
   * `[rows, outputs]`, or `[rows, paddedLength, outputs]` for an output of each timestep.
   * @param rows as they are in the dataset
   */
  outputs(rows: PaddedRows): Float32Array;
  dispose(): void;
}

/** @param engine called for a model that needs one */
export async function forwardOf(
  model: NetworkModel | TrainedFit,
  engine: () => Promise<Engine>,
): Promise<Forward> {
  switch (model.kind) {
    case 'rocket':
      return rocketForward(model);
    case 'ngram':
      return ngramForward(model);
    case 'network':
      return networkForward(model, await engine());
  }
}

function networkForward({ program, weights, scaling }: NetworkModel, engine: Engine): Forward {
  const session = engine.session(program);
  session.load({ ...weights, moments: [] });
  return {
    outputs: (rows) => session.forward(bareMicroBatch(scaleRows(rows, scaling))).data,
    dispose: () => session.dispose(),
  };
}

function rocketForward({ rocket, scaling, task }: TrainedRocket): Forward {
  const predictor = new RocketPredictor(rocket);
  const outputs = (rows: PaddedRows) =>
    sideBySide(
      rocketInputs(rows, scaling).map(({ series, profile }) => {
        const features = predictor.features(series, profile);
        return task === 'embedding' ? Float32Array.from(features) : predictor.outputs(features);
      }),
    );
  return { outputs, dispose: () => {} };
}

function ngramForward({ ngrams }: TrainedNgrams): Forward {
  const predictor = new NgramPredictor(ngrams);
  const outputs = ({ values, lengths, paddedLength }: PaddedRows) =>
    sideBySide(
      Array.from(lengths, (length, row) => {
        const start = row * paddedLength;
        return predictor.outputs(values.subarray(start, start + length));
      }),
    );
  return { outputs, dispose: () => {} };
}

function sideBySide(all: readonly Float32Array[]): Float32Array {
  const width = all[0]!.length;
  const together = new Float32Array(all.length * width);
  for (const [row, one] of all.entries()) together.set(one, row * width);
  return together;
}
