/**
 * Next timestep: predict the value at t + 1 from the features at t, at every valid step that has a next
 * one, on a causal model. Baselines: what is most frequent (unigram), most frequent after the present value
 * (bigram), and the present value itself; their perplexities are by the training split's counts plus one.
 */
import { z } from 'zod';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { defineObjective } from '../define.ts';
import { countedPlaces, goalsAt, lossUnits } from './goals.ts';
import type { Prepared } from './objective.ts';
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

export const nextStep = defineObjective({
  kind: 'next-step',
  options: z.strictObject({ target: targetOption }),
  needs: { causalModel: true, minLength: 2 },
  build({ target }, facts) {
    const bigram = facts.transitionCounts.length > 0;
    return makePretext(target, facts, {
      ...TASKS[target](bigram),
      feeds: [],
      prepare: makePrepare(target, facts),
    });
  },
});

const TASKS: Readonly<Record<Target, (bigram: boolean) => PretextTask>> = {
  classification: (bigram) => ({
    baselines: [
      'unigramCorrect',
      'previousCorrect',
      'unigramLoss',
      ...(bigram ? ['bigramCorrect', 'bigramLoss'] : []),
    ],
    metrics: (sums) => {
      const mean = (name: string) => sums[name]! / sums.weight!;
      return {
        loss: { value: mean('loss') },
        accuracy: {
          value: mean('correct'),
          baselines: {
            unigram: mean('unigramCorrect'),
            ...(bigram && { bigram: mean('bigramCorrect') }),
            previousValue: mean('previousCorrect'),
          },
        },
        // e to the mean loss: of how many equally likely symbols it is as uncertain as.
        perplexity: {
          value: Math.exp(mean('loss')),
          baselines: {
            unigram: Math.exp(mean('unigramLoss')),
            ...(bigram && { bigram: Math.exp(mean('bigramLoss')) }),
          },
        },
      };
    },
  }),
  regression: (bigram) => ({
    baselines: ['meanSquares', 'previousSquares', ...(bigram ? ['bigramSquares'] : [])],
    metrics: (sums) => {
      const mean = (name: string) => sums[name]! / sums.weight!;
      return {
        loss: {
          value: mean('loss'),
          baselines: {
            meanValue: mean('meanSquares'),
            ...(bigram && { bigram: mean('bigramSquares') }),
            previousValue: mean('previousSquares'),
          },
        },
      };
    },
  }),
};

/** Feeds the goals; baselines as host sums. */
function makePrepare(target: Target, facts: PhaseFacts): (rows: PaddedRows) => Prepared {
  const baselineSums =
    target === 'classification' ? symbolBaselines(facts) : numberBaselines(facts);
  return (rows) => {
    const { channels } = rows;
    const goals = goalsAt(
      timestepsWithNext(rows),
      rows,
      (timestep, channel) => (timestep + 1) * channels + channel,
    );
    const places = countedPlaces(goals);
    return {
      feeds: goalFeeds(target, facts, rows, goals),
      sums: { weight: places.length, ...baselineSums(rows, places) },
    };
  };
}

/** @param places of the values that are predicted, each with one of its channel before it */
type BaselineSums = (rows: PaddedRows, places: Int32Array) => Record<string, number>;

function symbolBaselines(facts: PhaseFacts): BaselineSums {
  const { symbols, symbolCounts, transitionCounts } = facts;
  const unigram = mostFrequent(symbolCounts);
  const unigramLosses = losses(symbolCounts);
  const after = rowsOf(transitionCounts, symbols).map((counts) => ({
    likeliest: mostFrequent(counts),
    losses: losses(counts),
  }));
  return ({ values, channels }, places) => {
    const present = (place: number) => values[place - channels]!;
    return {
      unigramCorrect: countWhere(places, (place) => values[place] === unigram),
      previousCorrect: countWhere(places, (place) => values[place] === present(place)),
      unigramLoss: sumOf(places, (place) => unigramLosses[values[place]!]!),
      ...(after.length > 0 && {
        bigramCorrect: countWhere(
          places,
          (place) => values[place] === after[present(place)]!.likeliest,
        ),
        bigramLoss: sumOf(places, (place) => after[present(place)]!.losses[values[place]!]!),
      }),
    };
  };
}

function numberBaselines(facts: PhaseFacts): BaselineSums {
  const means = rowsOf(facts.transitionCounts, facts.symbols).map((counts) => {
    const total = counts.reduce((a, b) => a + b, 0);
    return total === 0 ? facts.meanValue : sumOf(counts, (count, b) => count * b) / total;
  });
  return (rows, places) => {
    const { values, channels } = rows;
    const { of, mean } = lossUnits(facts, rows);
    const square = (place: number, guess: number) => (of(values[place]!, place) - guess) ** 2;
    const present = (place: number) => values[place - channels]!;
    return {
      meanSquares: sumOf(places, (place) => square(place, mean(place))),
      previousSquares: sumOf(places, (place) => {
        const isMissing = Number.isNaN(present(place));
        return square(place, isMissing ? mean(place) : of(present(place), place));
      }),
      ...(means.length > 0 && {
        bigramSquares: sumOf(places, (place) => square(place, of(means[present(place)]!, place))),
      }),
    };
  };
}

/** −log of each symbol's share of the counts, each count plus one so that none is impossible. */
function losses(counts: readonly number[]): number[] {
  const total = counts.reduce((a, b) => a + b, counts.length);
  return counts.map((count) => -Math.log((count + 1) / total));
}

/** Rows of a square table; none when it is empty. */
function rowsOf(table: readonly number[], size: number): number[][] {
  if (table.length === 0) return [];
  return Array.from({ length: size }, (_, row) => table.slice(row * size, (row + 1) * size));
}

function timestepsWithNext({ rows, paddedLength, lengths }: PaddedRows): Int32Array {
  const timesteps = new Int32Array(lengths.reduce((sum, length) => sum + length - 1, 0));
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const first = row * paddedLength;
    for (let step = 0; step + 1 < lengths[row]!; step++) timesteps[count++] = first + step;
  }
  return timesteps;
}
