/** Compares predictions with what a dataset says, whatever the task. */
import { LockstepError } from '../../core/errors.ts';
import { targetsOf } from '../../data/facts.ts';
import { type DataTarget, TARGET_WORDS } from '../../data/format/target.ts';
import type { Task } from '../../nn/objective/objective.ts';
import { type ClassificationReport, classificationReport } from './classification-report.ts';
import { matchClasses } from './match-classes.ts';
import { type MultiLabelReport, multiLabelReport } from './multi-label-report.ts';
import type { SequencePrediction } from './predict-batches.ts';
import { type RegressionReport, regressionReport } from './regression-report.ts';
import type { PredictionTask } from './task.ts';
import type { OutputOf } from './task-output.ts';
import { type TimestepReport, timestepReport } from './timestep-report.ts';

/** A report, by what the model predicts. */
export type TaskReport =
  | ({ readonly task: 'class' } & ClassificationReport)
  | ({ readonly task: 'classes' } & MultiLabelReport)
  | ({ readonly task: 'numbers' } & RegressionReport)
  | ({ readonly task: 'timestep-class' } & TimestepReport);

/** The one number by which a study compares models; more is better. */
export interface Merit {
  /** In the words of reports. */
  readonly name: string;
  /** Its name among the metrics of training. */
  readonly metric: string;
  readonly value: number;
  /** By quarter of the sequences, shortest first. */
  readonly byLengthQuartile: readonly {
    readonly shortest: number;
    readonly longest: number;
    readonly value: number;
  }[];
}

/** What models are compared by, for each task. */
export const MERITS: Readonly<Record<Task, Pick<Merit, 'name' | 'metric'>>> = {
  class: { name: 'accuracy', metric: 'accuracy' },
  classes: { name: 'micro F1', metric: 'microF1' },
  numbers: { name: 'R²', metric: 'r2' },
  'timestep-class': { name: 'accuracy of timesteps', metric: 'accuracy' },
};

export function meritOf(report: TaskReport): Merit {
  const [value, quartiles] = valuesOf(report);
  const byLengthQuartile = report.byLengthQuartile.map(({ shortest, longest }, quarter) => ({
    shortest,
    longest,
    value: quartiles[quarter]!,
  }));
  return { ...MERITS[report.task], value, byLengthQuartile };
}

function valuesOf(report: TaskReport): [value: number, byLengthQuartile: readonly number[]] {
  switch (report.task) {
    case 'class':
    case 'timestep-class':
      return [report.accuracy, report.byLengthQuartile.map(({ accuracy }) => accuracy)];
    case 'classes':
      return [report.microF1, report.byLengthQuartile.map(({ microF1 }) => microF1)];
    case 'numbers':
      return [report.r2, report.byLengthQuartile.map(({ r2 }) => r2)];
  }
}

/** Which of the model's classes each class of the dataset is; none where they predict numbers. */
export type ToModelLabel = readonly number[];

/**
 * Refuses a dataset that says something else of its sequences than the model predicts.
 * @throws LockstepError DATA_INVALID
 */
export function matchTarget({
  model,
  store,
}: Pick<PredictionTask, 'model' | 'store'>): ToModelLabel {
  const { target: trained, classes } = model.data.manifest;
  const { target, classes: found } = store.manifest;
  if (model.task === 'embedding') throw new Error('nothing says what an embedding should be');
  if (target.kind !== model.task) throw otherTarget(store.path, target, model.task);
  if (target.kind !== 'numbers') return matchClasses(classes, found);
  const names = (one: DataTarget) =>
    one.kind === 'numbers' ? one.numbers.map(({ name }) => name).join(', ') : '';
  if (names(target) === names(trained)) return [];
  throw new LockstepError(
    'DATA_INVALID',
    `Dataset "${store.path}" has the numbers ${names(target)}, the model was trained on ${names(trained)}.`,
    'Import the data with the same columns as --target, in the same order.',
  );
}

function otherTarget(path: string, { kind }: DataTarget, task: Task): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Dataset "${path}" has ${TARGET_WORDS[kind]}, the model predicts ${TARGET_WORDS[task]}.`,
    'Import the data with the kind of target that the training data had.',
  );
}

/**
 * Compares the predictions of a task with what its dataset says.
 * @param toModelLabel of `matchTarget`
 */
export async function reportOnPredictions(
  task: PredictionTask,
  toModelLabel: ToModelLabel,
  all: readonly SequencePrediction[],
): Promise<TaskReport> {
  const { store, classes, model } = task;
  const { index } = store;
  const { manifest } = model.data;
  const lengthOf = ({ sequence }: SequencePrediction) => index.lengths[sequence]!;
  switch (model.task) {
    case 'class': {
      const compared = all.map((one) => ({
        ...(one.output as OutputOf<'class'>),
        label: toModelLabel[index.labels[one.sequence]!]!,
        length: lengthOf(one),
      }));
      return { task: 'class', ...classificationReport(compared, manifest.splits.train.perClass) };
    }
    case 'classes': {
      const compared = all.map((one) => ({
        ...(one.output as OutputOf<'classes'>),
        labels: targetsOf(index, one.sequence).map((label) => toModelLabel[label]!),
        length: lengthOf(one),
      }));
      return { task: 'classes', ...multiLabelReport(compared, classes.length) };
    }
    case 'numbers': {
      const compared = all.map((one) => ({
        ...(one.output as OutputOf<'numbers'>),
        truths: targetsOf(index, one.sequence),
        length: lengthOf(one),
      }));
      const { target } = manifest;
      const facts = target.kind === 'numbers' ? target.numbers : [];
      return { task: 'numbers', ...regressionReport(compared, facts) };
    }
    case 'embedding':
      throw new Error('nothing says what an embedding should be');
    case 'timestep-class': {
      const compared = await Promise.all(
        all.map(async (one) => {
          const { labels } = one.output as OutputOf<'timestep-class'>;
          const truths = await store.readTimestepLabels!(one.sequence, 0, labels.length);
          const known = truths.map((label) => (label < 0 ? label : toModelLabel[label]!));
          return { labels, truths: known, length: lengthOf(one) };
        }),
      );
      const { perClass } = manifest.splits.train;
      return { task: 'timestep-class', ...timestepReport(compared, perClass) };
    }
  }
}
