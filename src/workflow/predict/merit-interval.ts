/** The 95 % interval of a report's first figure: how much it depends on which groups are in the test split. */
import { sumsByGroup, targetOf, total, type Values } from '../../baseline/target.ts';
import { targetsOf } from '../../data/facts.ts';
import { meanOverDraws } from '../../statistics/draw-interval.ts';
import { drawGroups } from '../../statistics/group-bootstrap.ts';
import { type Interval, withinBounds } from '../../statistics/interval.ts';
import { THRESHOLD } from './multi-label-report.ts';
import type { SequencePrediction } from './predict-batches.ts';
import type { PredictionTask } from './task.ts';
import { mostLikely, type TaskOutput } from './task-output.ts';
import type { ToModelLabel } from './task-report.ts';

/** The interval, and of how many groups it is; null with a single group, of which nothing is known. */
export interface MeritInterval {
  readonly interval: Interval | null;
  /** Groups of the sequences that were compared. */
  readonly groups: number;
}

/** Beyond so many, groups are joined by chance, which changes no expected variance: the bootstrap takes long with more. */
const MOST_GROUPS = 2000;
/** Any seed: the same predictions have the same interval. */
const SEED = 1;

/** @param predictions at least one, of sequences with a target */
export async function meritInterval(
  task: Pick<PredictionTask, 'store' | 'model'>,
  toModelLabel: ToModelLabel,
  predictions: readonly SequencePrediction[],
): Promise<MeritInterval> {
  const { store, model } = task;
  const { target: trained, classes } = model.data.manifest;
  const target = targetOf(trained, classes.length);
  const names = await store.groups();
  const known = new Map<string, number>();
  const groupOf = predictions.map(({ sequence }) => {
    const name = names[sequence]!;
    if (!known.has(name)) known.set(name, known.size);
    return known.get(name)! % MOST_GROUPS;
  });
  if (known.size < 2) return { interval: null, groups: known.size };
  const groups = Math.min(known.size, MOST_GROUPS);
  const sums = await Promise.all(
    predictions.map(async (one) =>
      target.sums(answerOf(one.output), await truthOf(task, toModelLabel, one)),
    ),
  );
  const byGroup = sumsByGroup(sums, groupOf, groups);
  const figure = (times?: ArrayLike<number>) => target.meritOf(total(byGroup, times));
  const { mean, low, high, testVariance } = meanOverDraws(drawGroups(groups, SEED), [figure]);
  const bounds = { testVariance, groups, isShare: target.kind !== 'numbers' };
  return { interval: withinBounds(mean, { low, high }, bounds), groups: known.size };
}

function answerOf(output: TaskOutput): Values {
  switch (output.task) {
    case 'class':
      return [mostLikely(output.logProbabilities)];
    case 'classes':
      return output.probabilities.flatMap((p, label) => (p >= THRESHOLD ? [label] : []));
    case 'numbers':
      return output.numbers;
    case 'timestep-class':
      return output.labels;
    case 'embedding':
      throw new Error('nothing says what an embedding should be');
  }
}

async function truthOf(
  { store }: Pick<PredictionTask, 'store'>,
  toModelLabel: ToModelLabel,
  { sequence, output }: SequencePrediction,
): Promise<Values> {
  const { index } = store;
  const known = (labels: ArrayLike<number>) =>
    Array.from(labels, (label) => (label < 0 ? label : toModelLabel[label]!));
  switch (output.task) {
    case 'class':
      return known([index.labels[sequence]!]);
    case 'classes':
      return known(targetsOf(index, sequence));
    case 'timestep-class':
      return known(await store.readTimestepLabels!(sequence, 0, output.labels.length));
    default:
      return targetsOf(index, sequence);
  }
}
