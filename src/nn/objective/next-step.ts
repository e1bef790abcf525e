/**
 * Next timestep: predict the value at t + 1 from the features at t, at every valid step that has a next
 * one, on a causal model. Baselines: what is most frequent (unigram), most frequent after the present value
 * (bigram), and the present value itself; their perplexities are by the training split's counts plus one.
 */
import type { ObjectiveConfig } from '../../config/phase-section.ts';
import type { PaddedRows } from '../../data/collate.ts';
import type { PhaseFacts } from '../../data/facts.ts';
import type { Objective, Prepared } from './objective.ts';
import {
  countWhere,
  makePretext,
  mostFrequent,
  type PretextTask,
  standardiser,
  sumOf,
  targetFeed,
} from './pretext.ts';

type NextStepConfig = Extract<ObjectiveConfig, { kind: 'next-step' }>;

/** @throws LockstepError CONFIG_INVALID for classification of real values */
export function makeNextStepObjective(config: NextStepConfig, facts: PhaseFacts): Objective {
  const bigram = facts.transitionCounts.length > 0;
  return makePretext(config.target, facts, {
    ...TASKS[config.target](bigram),
    needsCausalModel: true,
    feeds: [],
    prepare: makePrepare(config, facts),
  });
}

const TASKS: Readonly<Record<NextStepConfig['target'], (bigram: boolean) => PretextTask>> = {
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
        loss: mean('loss'),
        accuracy: mean('correct'),
        accuracyUnigram: mean('unigramCorrect'),
        ...(bigram && { accuracyBigram: mean('bigramCorrect') }),
        accuracyPreviousValue: mean('previousCorrect'),
        // e to the mean loss: of how many equally likely symbols it is as uncertain as.
        perplexity: Math.exp(mean('loss')),
        perplexityUnigram: Math.exp(mean('unigramLoss')),
        ...(bigram && { perplexityBigram: Math.exp(mean('bigramLoss')) }),
      };
    },
  }),
  regression: (bigram) => ({
    baselines: ['meanSquares', 'previousSquares', ...(bigram ? ['bigramSquares'] : [])],
    metrics: (sums) => {
      const mean = (name: string) => sums[name]! / sums.weight!;
      return {
        loss: mean('loss'),
        lossMeanValue: mean('meanSquares'),
        ...(bigram && { lossBigram: mean('bigramSquares') }),
        lossPreviousValue: mean('previousSquares'),
      };
    },
  }),
};

/** Feeds `values` `[B, L]`, flat `positions` `[n]` and `targets` `[n]`; baselines as host sums. */
function makePrepare(config: NextStepConfig, facts: PhaseFacts): (rows: PaddedRows) => Prepared {
  const baselineSums =
    config.target === 'classification' ? symbolBaselines(facts) : numberBaselines(facts);
  return (rows) => {
    const { values, paddedLength } = rows;
    const positions = positionsWithNext(rows);
    const truths = Array.from(positions, (position) => values[position + 1]!);
    const present = Array.from(positions, (position) => values[position]!);
    return {
      feeds: {
        values: { shape: [rows.rows, paddedLength], data: values },
        positions: { shape: [positions.length], data: positions },
        targets: targetFeed(config.target, facts, truths),
      },
      hostSums: { weight: positions.length, ...baselineSums(truths, present) },
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
