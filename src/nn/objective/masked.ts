/**
 * Masked timesteps: hide spans of the input, predict what was there, at hidden valid positions only.
 * Two baselines that know nothing of the model are counted beside it: the most frequent symbol (the mean,
 * for regression) and the last visible value before the hidden step.
 */
import { z } from 'zod';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { defineObjective } from '../define.ts';
import { countedPlaces, goalsAt, lossUnits } from './goals.ts';
import { drawMask, type MaskSpec } from './mask.ts';
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

const options = z.strictObject({
  /** Expected share of the timesteps that is masked. */
  fraction: z.number().gt(0).lt(1).default(0.15),
  /** Length of a masked span, in timesteps. */
  span: z.int().min(1).max(1024).default(5),
  target: targetOption,
  /** Of several channels: hides all of a timestep together, or each by itself. */
  channels: z.enum(['together', 'each']).default('together'),
});

type MaskedOptions = z.output<typeof options>;

export const masked = defineObjective({
  kind: 'masked',
  options,
  build: (options, facts, seed) =>
    makePretext(options.target, facts, {
      ...TASKS[options.target],
      feeds: [{ name: 'mask', dtype: 'int32', shape: valuesShape(facts.channels) }],
      view: (rows) => hide(options, seed, rows),
      prepare: (rows) => prepare(options, facts, rows),
    }),
});

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
function prepare(options: MaskedOptions, facts: PhaseFacts, rows: PaddedRows): Prepared {
  const { channels } = rows;
  const hidden = rows.hidden!;
  const goals = goalsAt(hiddenTimesteps(hidden, channels), rows, (timestep, channel) => {
    const place = timestep * channels + channel;
    return hidden[place] === 1 ? place : -1;
  });
  const places = countedPlaces(goals);
  return {
    feeds: {
      mask: { shape: valuesShapeOf(rows), data: hidden },
      ...goalFeeds(options.target, facts, rows, goals),
    },
    sums: { weight: places.length, ...baselineSums(options, facts, rows, places) },
  };
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

/** The rows with a mask over their values. */
function hide({ channels, ...spec }: MaskedOptions, seed: number, rows: PaddedRows): PaddedRows {
  const isEach = channels === 'each' && rows.channels > 1;
  const hidden = new Int32Array(rows.values.length);
  for (let row = 0; row < rows.rows; row++) {
    for (let channel = 0; channel < (isEach ? rows.channels : 1); channel++) {
      hideRow({ ...spec, seed }, rows, { row, channel, width: isEach ? 1 : rows.channels }, hidden);
    }
  }
  return { ...rows, hidden };
}

/** Hides the same timesteps in `width` channels from `channel` on. */
function hideRow(
  spec: MaskSpec,
  { epoch, sequences, starts, lengths, paddedLength, channels }: PaddedRows,
  at: { readonly row: number; readonly channel: number; readonly width: number },
  hidden: Int32Array,
): void {
  const { row, channel, width } = at;
  const count = lengths[row]!;
  const first = row * paddedLength * channels;
  const mask = channels === 1 ? hidden.subarray(first, first + count) : new Int32Array(count);
  drawMask(spec, { epoch, sequence: sequences[row]!, start: starts[row]!, count, channel }, mask);
  if (channels === 1) return;
  for (let step = 0; step < count; step++) {
    if (mask[step] === 0) continue;
    const place = first + step * channels + channel;
    hidden.fill(1, place, place + width);
  }
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
