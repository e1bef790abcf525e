/**
 * Predicts how often each n-gram occurs in a window, from the mean of its features, while a part of the window is hidden.
 * The loss is the divergence of the predicted shares from the true ones: 0 for a perfect prediction.
 */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { Feed } from '../../engine/engine.ts';
import { defineObjective } from '../define.ts';
import { linear } from '../layer/forward.ts';
import { linearParameters } from '../layer/parameters.ts';
import {
  crossEntropy,
  type GramTable,
  gramTable,
  negativeEntropy,
  rowShares,
  type Share,
  sharesOf,
} from './grams.ts';
import { hideRows } from './mask.ts';
import type { Prepared } from './objective.ts';
import { PRETEXT_HEAD } from './pretext.ts';
import { softCrossEntropy } from './soft-targets.ts';

const fraction = z.number().min(0).lt(1);

const options = z.strictObject({
  /** Lengths of the n-grams. */
  orders: z.array(z.int().min(1).max(8)).min(1).max(4).default([1, 2]),
  /** Places for the n-grams of one length; where there are more of them, a hash shares them out. */
  buckets: z.int().min(2).max(16384).default(2048),
  /** Predicts the frequencies as they are, or their roots. */
  share: z.enum(['root', 'plain']).default('root'),
  /** Expected share of the timesteps that is masked; of several, each sequence has another one in each epoch. */
  fraction: z.union([fraction, z.array(fraction).min(1).max(16)]).default(0.15),
  /** Length of a masked span, in timesteps. */
  span: z.int().min(1).max(1024).default(5),
});

export const nGrams = defineObjective({
  kind: 'n-grams',
  options,
  build({ orders, buckets, share, ...mask }, facts, seed) {
    refuseNumbers(facts);
    const tables = [...new Set(orders)].map((order) => gramTable(order, facts.symbols, buckets));
    const usual = tables.map((table) => usualShares(table, facts, share));
    const isKnown = usual.every((shares) => shares !== undefined);
    return {
      head: (channels) =>
        tables.flatMap((table) =>
          linearParameters(headOf(table), { out: table.places, in: channels }),
        ),
      sums: ['entropy', ...(isKnown ? ['usual'] : [])],
      feeds: [
        { name: 'mask', dtype: 'int32', shape: ['rows', 'length'] },
        ...tables.flatMap(
          (table) =>
            [
              { name: labelsOf(table), dtype: 'int32', shape: ['rows'] },
              { name: lackingOf(table), dtype: 'float32', shape: ['rows', table.places] },
            ] as const,
        ),
      ],
      view: (rows) => hideRows(mask, seed, rows),
      prepare: (rows) => prepare(rows, { tables, usual, share }),
      loss: (context, features) => {
        const { ops, feed } = context;
        const pooled = ops.meanOverLength(features);
        const losses = tables.map((table) =>
          softCrossEntropy(ops, linear(context, headOf(table), pooled), {
            labels: feed(labelsOf(table)),
            lacking: feed(lackingOf(table)),
          }),
        );
        return { loss: losses.reduce((sum, loss) => ops.add(sum, loss)) };
      },
      metrics: (sums) => {
        const divergence = (sum: string) => (sums[sum]! - sums.entropy!) / sums.weight!;
        const baselines = isKnown && { baselines: { usualShares: divergence('usual') } };
        return { loss: { value: divergence('loss'), ...baselines } };
      },
      headline: { metric: 'loss', better: 'lower' },
    };
  },
});

const headOf = ({ order }: GramTable): string => `${PRETEXT_HEAD}.${order}`;
const labelsOf = ({ order }: GramTable): string => `labels${order}`;
const lackingOf = ({ order }: GramTable): string => `lacking${order}`;

/** @throws LockstepError CONFIG_INVALID for real values and for several channels */
function refuseNumbers({ symbols, channels }: PhaseFacts): void {
  if (symbols > 0 && channels === 1) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Objective "n-grams" counts integer symbols, one a timestep, but the dataset holds ${symbols > 0 ? `${channels} channels` : 'real values'}.`,
    'Choose another objective, such as masked or contrastive.',
  );
}

/** The shares in the training split, where they were counted; each count plus one so that none is impossible. */
function usualShares(
  { order, places }: GramTable,
  { symbols, symbolCounts, transitionCounts }: PhaseFacts,
  share: Share,
): Float64Array | undefined {
  const known = order === 1 ? symbolCounts : order === 2 ? transitionCounts : [];
  if (known.length === 0 || places !== (symbols + 1) ** order) return undefined;
  const counts = new Float64Array(places).fill(1);
  for (const [gram, count] of known.entries()) {
    counts[order === 1 ? gram : gram + Math.floor(gram / symbols)]! += count;
  }
  return sharesOf(counts, share);
}

interface Prediction {
  readonly tables: readonly GramTable[];
  readonly usual: readonly (Float64Array | undefined)[];
  readonly share: Share;
}

function prepare(rows: PaddedRows, { tables, usual, share }: Prediction): Prepared {
  const feeds: Record<string, Feed> = {
    mask: { shape: [rows.rows, rows.paddedLength], data: rows.hidden! },
  };
  const sums = { weight: rows.rows, entropy: 0, usual: 0 };
  for (const [index, table] of tables.entries()) {
    const shares = rowShares(table, rows, share);
    for (const of of shares) {
      sums.entropy -= negativeEntropy(of);
      sums.usual += usual[index] === undefined ? 0 : crossEntropy(of, usual[index]);
    }
    Object.assign(feeds, targetsOf(table, shares));
  }
  const { usual: ofUsual, ...always } = sums;
  return { feeds, sums: usual.includes(undefined) ? always : { ...always, usual: ofUsual } };
}

function targetsOf(table: GramTable, shares: readonly Float64Array[]): Record<string, Feed> {
  const { places } = table;
  const labels = Int32Array.from(shares, (of) => of.indexOf(Math.max(...of)));
  const lacking = new Float32Array(shares.length * places);
  for (const [row, of] of shares.entries()) {
    for (let place = 0; place < places; place++) {
      lacking[row * places + place] = (place === labels[row] ? 1 : 0) - of[place]!;
    }
  }
  return {
    [labelsOf(table)]: { shape: [shares.length], data: labels },
    [lackingOf(table)]: { shape: [shares.length, places], data: lacking },
  };
}
