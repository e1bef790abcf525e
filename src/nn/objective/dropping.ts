/** The random bits of dropout: 32 for each timestep, by seed, epoch, sequence and timestep. */
import { randomStream } from '../../core/random.ts';
import type { PaddedRows } from '../../data/collate.ts';
import { DROPOUT_FEED } from '../../engine/engine.ts';
import type { Model } from '../model/model.ts';
import { EVALUATION_EPOCH, type Objective } from './objective.ts';

/** More timesteps than a sequence has: rows of one sequence in one micro-batch draw elsewhere in the stream. */
const COPY_STRIDE = 2 ** 40;

/** The objective as a model needs it: one that drops values has their random bits fed while it trains. */
export function objectiveFor(
  model: Pick<Model, 'drops'>,
  objective: Objective,
  seed: number,
): Objective {
  if (model.drops !== true) return objective;
  return {
    ...objective,
    feeds: [...objective.feeds, { name: DROPOUT_FEED, dtype: 'int32', shape: ['rows', 'length'] }],
    prepare: (rows) => {
      const prepared = objective.prepare(rows);
      if (rows.epoch === EVALUATION_EPOCH) return prepared;
      const shape = [rows.rows, rows.paddedLength];
      const keys = { shape, data: dropoutKeys(rows, seed) };
      return { ...prepared, feeds: { ...prepared.feeds, [DROPOUT_FEED]: keys } };
    },
  };
}

/** `[rows, paddedLength]`, 0 in the padding. */
export function dropoutKeys(
  {
    epoch,
    sequences,
    starts,
    lengths,
    paddedLength,
  }: Pick<PaddedRows, 'epoch' | 'sequences' | 'starts' | 'lengths' | 'paddedLength'>,
  seed: number,
): Int32Array {
  const keys = new Int32Array(lengths.length * paddedLength);
  const copies = new Map<number, number>();
  for (const [row, sequence] of sequences.entries()) {
    const copy = copies.get(sequence) ?? 0;
    copies.set(sequence, copy + 1);
    const stream = randomStream(seed, 'dropout', epoch, sequence);
    const first = copy * COPY_STRIDE + starts[row]!;
    for (let step = 0; step < lengths[row]!; step++) {
      keys[row * paddedLength + step] = stream.uint32(first + step);
    }
  }
  return keys;
}
