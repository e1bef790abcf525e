/**
 * Masked timesteps: hide spans of the input, predict what was there, at hidden valid positions only.
 * Two baselines that know nothing of the model are counted beside it: the most frequent symbol (the mean,
 * for regression) and the last visible value before the hidden step.
 */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { defineObjective } from '../define.ts';
import { disguise } from './disguise.ts';
import { countedPlaces, goalsAt, lossUnits } from './goals.ts';
import { hideRows } from './mask.ts';
import { type Prepared, valuesShape, valuesShapeOf } from './objective.ts';
import {
  countWhere,
  goalFeeds,
  makePretext,
  mostFrequent,
  type PretextTask,
  sumOf,
  type Target,
  targetOption,
} from './pretext.ts';

const share = z.number().gt(0).lt(1);

const options = z.strictObject({
  /** Expected share of the timesteps that is masked; of several, each sequence has another one in each epoch. */
  fraction: z.union([share, z.array(share).min(1).max(16)]).default(0.15),
  /** Length of a masked span, in timesteps. */
  span: z.int().min(1).max(1024).default(5),
  target: targetOption,
  /** Of several channels: hides all of a timestep together, or each by itself. */
  channels: z.enum(['together', 'each']).default('together'),
  /** Shares of the masked timesteps that the model sees: as they are, or with another value of their row. None when absent. */
  kept: z.number().min(0).max(1).optional(),
  replaced: z.number().min(0).max(1).optional(),
});

type MaskedOptions = z.output<typeof options>;

export const masked = defineObjective({
  kind: 'masked',
  options,
  build: (options, facts, seed) => {
    refuseNoMask(options);
    return makePretext(options.target, facts, {
      ...TASKS[options.target],
      feeds: [{ name: 'mask', dtype: 'int32', shape: valuesShape(facts.channels) }],
      view: (rows) => hideRows(options, seed, rows),
      prepare: (rows) => prepare(options, facts, seed, rows),
    });
  },
});

/** @throws LockstepError CONFIG_INVALID */
function refuseNoMask({ kept = 0, replaced = 0 }: MaskedOptions): void {
  if (kept + replaced < 1) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `objective.kept ${kept} and objective.replaced ${replaced} leave nothing of the masked timesteps to hide.`,
    'Let them add up to less than 1: 0.1 each is usual.',
  );
}

const TASKS: Readonly<Record<Target, PretextTask>> = {
  classification: {
    baselines: ['frequentCorrect', 'previousCorrect'],
    metrics: (sums) => ({
      loss: { value: sums.loss! / sums.weight! },
      accuracy: {
        value: sums.correct! / sums.weight!,
        baselines: {
          mostFrequent: sums.frequentCorrect! / sums.weight!,
          previousValue: sums.previousCorrect! / sums.weight!,
        },
      },
    }),
  },
  regression: {
    baselines: ['meanSquares', 'previousSquares'],
    metrics: (sums) => ({
      loss: {
        value: sums.loss! / sums.weight!,
        baselines: {
          meanValue: sums.meanSquares! / sums.weight!,
          previousValue: sums.previousSquares! / sums.weight!,
        },
      },
    }),
  },
};

/** Feeds `mask`, shaped like `values`, and the goals; baselines as host sums. */
function prepare(
  options: MaskedOptions,
  facts: PhaseFacts,
  seed: number,
  rows: PaddedRows,
): Prepared {
  const { channels } = rows;
  const hidden = rows.hidden!;
  const goals = goalsAt(hiddenTimesteps(hidden, channels), rows, (timestep, channel) => {
    const place = timestep * channels + channel;
    return hidden[place] === 1 ? place : -1;
  });
  const places = countedPlaces(goals);
  return {
    feeds: {
      ...seenOf(options, seed, rows),
      ...goalFeeds(options.target, facts, rows, goals),
    },
    sums: { weight: places.length, ...baselineSums(options, facts, rows, places) },
  };
}

/** What the model sees of the rows: the feed `mask`, and `values` where some of them are not the row's. */
function seenOf(
  { kept = 0, replaced = 0 }: MaskedOptions,
  seed: number,
  rows: PaddedRows,
): Prepared['feeds'] {
  const shape = valuesShapeOf(rows);
  if (kept + replaced === 0) return { mask: { shape, data: rows.hidden! } };
  const { mask, values } = disguise(rows, { kept, replaced }, seed);
  return { mask: { shape, data: mask }, values: { shape, data: values } };
}

function baselineSums(
  { target }: MaskedOptions,
  facts: PhaseFacts,
  rows: PaddedRows,
  places: Int32Array,
): Record<string, number> {
  const { values } = rows;
  const previous = Array.from(places, (place) => values[lastVisible(rows, place)]);
  if (target === 'classification') {
    const frequent = mostFrequent(facts.symbolCounts);
    return {
      frequentCorrect: countWhere(places, (place) => values[place] === frequent),
      previousCorrect: countWhere(places, (place, i) => values[place] === previous[i]),
    };
  }
  const { of, mean } = lossUnits(facts, rows);
  const square = (place: number, guess: number) => (of(values[place]!, place) - guess) ** 2;
  return {
    meanSquares: sumOf(places, (place) => square(place, mean(place))),
    previousSquares: sumOf(places, (place, i) =>
      square(place, previous[i] === undefined ? mean(place) : of(previous[i], place)),
    ),
  };
}

/** Timesteps of which at least one channel is hidden, flat and ascending. */
function hiddenTimesteps(hidden: Int32Array, channels: number): Int32Array {
  const timesteps: number[] = [];
  for (let place = 0; place < hidden.length; place++) {
    if (hidden[place] === 0) continue;
    const timestep = Math.floor(place / channels);
    timesteps.push(timestep);
    place = (timestep + 1) * channels - 1;
  }
  return Int32Array.from(timesteps);
}

/** Place of the last value of its channel that is visible, and not missing, before this one in its row; −1 for none. */
function lastVisible(
  { hidden, values, paddedLength, channels }: PaddedRows,
  place: number,
): number {
  const rowStart = place - (place % (paddedLength * channels));
  for (let before = place - channels; before >= rowStart; before -= channels) {
    if (hidden![before] === 0 && !Number.isNaN(values[before]!)) return before;
  }
  return -1;
}
