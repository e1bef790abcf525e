/**
 * Next timestep: predict the value at t + 1 from the features at t, at every valid step that has a next
 * one, on a causal model. Baselines: what is most frequent (unigram), most frequent after the present value
 * (bigram), and the present value itself; their perplexities are by the training split's counts plus one.
 */
import { z } from 'zod';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import { defineObjective } from '../define.ts';
import type { Prepared } from './objective.ts';
import {
  countWhere,
  makePretext,
  mostFrequent,
  type PretextTask,
  standardiser,
  sumOf,
  type Target,
  targetFeed,
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

/** Feeds flat `positions` `[n]` and `targets` `[n]`; baselines as host sums. */
function makePrepare(target: Target, facts: PhaseFacts): (rows: PaddedRows) => Prepared {
  const baselineSums =
    target === 'classification' ? symbolBaselines(facts) : numberBaselines(facts);
  return (rows) => {
    const { values } = rows;
    const positions = positionsWithNext(rows);
    const truths = Array.from(positions, (position) => values[position + 1]!);
    const present = Array.from(positions, (position) => values[position]!);
    return {
      feeds: {
        positions: { shape: [positions.length], data: positions },
        targets: targetFeed(target, facts, truths),
      },
      sums: { weight: positions.length, ...baselineSums(truths, present) },
    };
  };
}

type BaselineSums = (
  truths: readonly number[],
  present: readonly number[],
) => Record<string, number>;

function symbolBaselines(facts: PhaseFacts): BaselineSums {
  const { symbols, symbolCounts, transitionCounts } = facts;
  const unigram = mostFrequent(symbolCounts);
  const unigramLosses = losses(symbolCounts);
  const after = rowsOf(transitionCounts, symbols).map((counts) => ({
    likeliest: mostFrequent(counts),
    losses: losses(counts),
  }));
  return (truths, present) => ({
    unigramCorrect: countWhere(truths, (truth) => truth === unigram),
    previousCorrect: countWhere(truths, (truth, i) => truth === present[i]),
    unigramLoss: sumOf(truths, (truth) => unigramLosses[truth]!),
    ...(after.length > 0 && {
      bigramCorrect: countWhere(truths, (truth, i) => truth === after[present[i]!]!.likeliest),
      bigramLoss: sumOf(truths, (truth, i) => after[present[i]!]!.losses[truth]!),
    }),
  });
}

function numberBaselines(facts: PhaseFacts): BaselineSums {
  const standardise = standardiser(facts);
  const means = rowsOf(facts.transitionCounts, facts.symbols).map((counts) => {
    const total = counts.reduce((a, b) => a + b, 0);
    return total === 0 ? facts.meanValue : sumOf(counts, (count, b) => count * b) / total;
  });
  const square = (truth: number, guess: number) => (standardise(truth) - standardise(guess)) ** 2;
  return (truths, present) => ({
    meanSquares: sumOf(truths, (truth) => square(truth, facts.meanValue)),
    previousSquares: sumOf(truths, (truth, i) => square(truth, present[i]!)),
    ...(means.length > 0 && {
      bigramSquares: sumOf(truths, (truth, i) => square(truth, means[present[i]!]!)),
    }),
  });
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

function positionsWithNext({ rows, paddedLength, lengths }: PaddedRows): Int32Array {
  const positions: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let step = 0; step + 1 < lengths[row]!; step++) positions.push(row * paddedLength + step);
  }
  return Int32Array.from(positions);
}
