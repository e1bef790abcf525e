/** Long sequences in several windows, whose predictions are averaged. */
import { LockstepError } from '../../core/errors.ts';
import { evaluationBatches, type MicroBatchList } from '../../data/plan/evaluation-batches.ts';
import type { RowLimits } from '../../data/plan/length-class.ts';
import type { Subset } from '../../data/plan/subset.ts';
import type { SequencePrediction } from './predict-batches.ts';
import type { TaskOutput } from './task-output.ts';

/** Fewest windows of a length that cover a sequence. */
export const windowsOf = (length: number, window: number): number =>
  Math.max(1, Math.ceil(length / window));

/**
 * Windows of at most `window` timesteps: the first begins with the sequence, the last ends with it, the others are
 * spread evenly between them. Those of one sequence follow each other.
 */
export function windowBatches(subset: Subset, window: number, limits: RowLimits): MicroBatchList {
  const { sequences, effectiveLengths, storeLengths } = subset;
  const windows = Array.from(sequences, (sequence, position) => {
    const length = effectiveLengths.at(position)!;
    const count = windowsOf(length, window);
    const begin = (number: number) =>
      count === 1 ? 0 : Math.round((number * (length - window)) / (count - 1));
    return Array.from({ length: count }, (_, number) => ({
      sequence,
      length: Math.min(length, window),
      begin: begin(number),
    }));
  }).flat();
  const cut: Subset = {
    sequences: Int32Array.from(windows, ({ sequence }) => sequence),
    effectiveLengths: windows.map(({ length }) => length),
    storeLengths,
  };
  return evaluationBatches(cut, limits, (position) => windows[position]!.begin);
}

/**
 * Joins the predictions of each sequence's windows.
 * @param countOf windows of a sequence
 */
export async function* averageWindows(
  source: AsyncIterable<readonly SequencePrediction[]>,
  countOf: (sequence: number) => number,
): AsyncGenerator<readonly SequencePrediction[], void> {
  const waiting = new Map<number, SequencePrediction[]>();
  for await (const batch of source) {
    const whole: SequencePrediction[] = [];
    for (const prediction of batch) {
      const { sequence } = prediction;
      const windows = [...(waiting.get(sequence) ?? []), prediction];
      if (windows.length < countOf(sequence)) waiting.set(sequence, windows);
      else {
        waiting.delete(sequence);
        whole.push(joined(windows));
      }
    }
    if (whole.length > 0) yield whole;
  }
}

function joined(windows: readonly SequencePrediction[]): SequencePrediction {
  const [first] = windows as [SequencePrediction, ...SequencePrediction[]];
  if (windows.length === 1) return first;
  const unfamiliar = [...new Set(windows.flatMap(({ unfamiliar }) => unfamiliar))];
  return { ...first, output: meanOutput(windows.map(({ output }) => output)), unfamiliar };
}

/** The mean of what several windows, or several models, say of one sequence: of probabilities, numbers or features. */
export function meanOutput(outputs: readonly TaskOutput[]): TaskOutput {
  const [first] = outputs as [TaskOutput, ...TaskOutput[]];
  switch (first.task) {
    case 'class': {
      const all = of(outputs, 'class').map(({ logProbabilities }) => logProbabilities);
      const logProbabilities = columns(all).map(logMeanExp);
      return { task: 'class', logProbabilities };
    }
    case 'classes': {
      const all = of(outputs, 'classes').map(({ probabilities }) => probabilities);
      return { task: 'classes', probabilities: columns(all).map(mean) };
    }
    case 'numbers': {
      const all = of(outputs, 'numbers').map(({ numbers }) => numbers);
      return { task: 'numbers', numbers: columns(all).map(mean) };
    }
    case 'embedding': {
      const all = of(outputs, 'embedding').map(({ embedding }) => embedding);
      return { task: 'embedding', embedding: columns(all).map(mean) };
    }
    case 'timestep-class':
      throw new Error('classes of timesteps are not averaged');
  }
}

function of<T extends TaskOutput['task']>(outputs: readonly TaskOutput[], task: T) {
  return outputs.filter((one): one is Extract<TaskOutput, { task: T }> => one.task === task);
}

const columns = (rows: readonly (readonly number[])[]): number[][] =>
  rows[0]!.map((_, column) => rows.map((row) => row[column]!));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The logarithm of the mean of e to each: finite, however small they are. */
function logMeanExp(logs: readonly number[]): number {
  const largest = Math.max(...logs);
  return largest + Math.log(mean(logs.map((log) => Math.exp(log - largest))));
}

/** @throws LockstepError USAGE for a window that is none, or where there is nothing to average */
export function refuseWindow(
  window: number | undefined,
  { crop, task }: { readonly crop: number | undefined; readonly task: TaskOutput['task'] },
): void {
  if (window === undefined) return;
  if (!Number.isInteger(window) || window < 1) {
    throw new LockstepError(
      'USAGE',
      `Cannot read sequences in windows of ${window} timesteps: the number must be an integer from 1.`,
      'Give --window a number such as 1024, or leave it out to read whole sequences.',
    );
  }
  if (crop !== undefined) {
    throw new LockstepError(
      'USAGE',
      'crop and window exclude each other: a crop reads the first timesteps only, windows read all.',
      'Leave one of them out.',
    );
  }
  if (task !== 'timestep-class') return;
  throw new LockstepError(
    'USAGE',
    'The run predicts a class for each timestep: there is no prediction of a whole window to average.',
    'Leave --window out.',
  );
}
