/** The same answer for every sequence: what is most frequent or the mean. */
import { UNLABELLED } from '../data/format/store.ts';
import type { Baseline, Output, Predict } from './baseline.ts';
import type { Examples } from './examples.ts';
import type { Target, Values } from './target.ts';

export function majority(examples: Examples, target: Target): Baseline {
  const isMean = target.kind === 'numbers';
  return {
    name: isMean ? 'mean' : 'majority',
    about: isMean ? 'the mean of the labelled sequences' : 'the most frequent answer',
    choose: () => ({ setting: '', fit: (training) => constantFit(examples, target, training) }),
  };
}

function constantFit({ truths }: Examples, target: Target, training: Int32Array): Predict {
  const answer = constantOf(
    target,
    Array.from(training, (place) => truths[place]!),
  );
  const outputOf = (place: number): Output => ({
    answer:
      target.kind === 'timestep-class'
        ? new Int32Array(truths[place]!.length).fill(answer[0]!)
        : answer,
  });
  return (places) => Array.from(places, outputOf);
}

/** The most frequent class, the classes of at least half of the sequences, or the mean of each number. */
function constantOf({ kind, size }: Target, truths: readonly Values[]): number[] {
  const sums = new Array<number>(size).fill(0);
  for (const truth of truths) {
    for (let i = 0; i < truth.length; i++) {
      const value = truth[i]!;
      if (kind === 'numbers') sums[i]! += value / truths.length;
      else if (value !== UNLABELLED) sums[value]!++;
    }
  }
  if (kind === 'numbers') return sums;
  if (kind === 'classes') {
    return sums.flatMap((count, label) => (2 * count >= truths.length ? [label] : []));
  }
  return [sums.indexOf(Math.max(...sums))];
}
