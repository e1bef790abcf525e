/** Class probabilities of a view's sequences, streamed micro-batch by micro-batch. */
import type { Weights } from '../checkpoint/state-tensors.ts';
import type { BatchConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import type { Store } from '../data/format/store.ts';
import { readPaddedRows } from '../data/loader/pad-rows.ts';
import { evaluationBatches } from '../data/plan/evaluation-batches.ts';
import type { View } from '../data/plan/view.ts';
import type { Engine, MicroBatch, Program } from '../engine/engine.ts';

export interface Prediction {
  /** Number of the sequence in its store. */
  readonly sequence: number;
  /** One probability a class; they add up to 1. */
  readonly probabilities: Float64Array;
}

export interface PredictInput {
  readonly engine: Engine;
  readonly program: Program;
  readonly weights: Weights;
  readonly store: Store;
  readonly view: View;
  readonly batch: Pick<BatchConfig, 'tokensPerMicroBatch' | 'maxRows'>;
}

/** @throws LockstepError NON_FINITE when the weights give logits that are not numbers */
export async function* predict(input: PredictInput): AsyncGenerator<Prediction, void> {
  const { engine, program, weights, store, view, batch } = input;
  const batches = evaluationBatches(view, batch);
  const session = engine.session(program);
  try {
    session.load({ ...weights, moments: [] });
    for (let position = 0; position < batches.length; position++) {
      const { shape, data } = session.forward(await bareMicroBatch(store, batches.at(position)));
      const classes = shape[1]!;
      for (const [row, { sequence }] of batches.at(position).rows.entries()) {
        const logits = data.subarray(row * classes, (row + 1) * classes);
        refuseNonFinite(logits, store, sequence);
        yield { sequence, probabilities: softmax(logits) };
      }
    }
  } finally {
    session.dispose();
  }
}

/** A micro-batch with its values only: prediction has no objective. */
async function bareMicroBatch(
  store: Store,
  batch: Parameters<typeof readPaddedRows>[1],
): Promise<MicroBatch> {
  const rows = await readPaddedRows(store, batch);
  return {
    rows: rows.rows,
    paddedLength: rows.paddedLength,
    lengths: rows.lengths,
    sequences: rows.sequences,
    feeds: { values: { shape: [rows.rows, rows.paddedLength], data: rows.values } },
    hostSums: {},
  };
}

function softmax(logits: Float32Array): Float64Array {
  const largest = Math.max(...logits);
  const exponentials = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

function refuseNonFinite(logits: Float32Array, store: Store, sequence: number): void {
  if (logits.every(Number.isFinite)) return;
  throw new LockstepError(
    'NON_FINITE',
    `The logits of sequence "${store.ids()[sequence]}" are ${[...logits].join(', ')}.`,
    'Choose another checkpoint: these weights are damaged or diverged.',
  );
}
