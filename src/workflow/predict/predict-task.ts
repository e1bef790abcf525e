/** The predictions of a task's sequences, each whole: over windows and over runs where that is asked for. */
import { LockstepError } from '../../core/errors.ts';
import { atTemperature, fitTemperature } from './calibration.ts';
import { averagedWith, type Known, knownBySequence, refuseOtherMeaning } from './ensemble.ts';
import type { OpenPrediction } from './options.ts';
import { predictOnWorkers } from './pool.ts';
import type { SequencePrediction } from './predict-batches.ts';
import { openPredictionTask, type PredictionRequest, type PredictionTask, pinned } from './task.ts';
import { averageWindows, windowsOf } from './windows.ts';

type Predictions = AsyncIterable<readonly SequencePrediction[]>;

/** Some sequences at a time, in the same order on any number of workers. */
export async function predictTask(
  { request, members, pool }: Pick<OpenPrediction, 'request' | 'members' | 'pool'>,
  task: PredictionTask,
): Promise<Predictions> {
  const own = ofOneRun(request, task, pool);
  if (members.length === 0) return own;
  const others: Known[] = [];
  for (const run of members) {
    const data = task.store.path;
    others.push(await ofMember(pinned({ ...request, run, data }, task), task, pool));
  }
  return averagedWith(own, others);
}

async function ofMember(
  request: PredictionRequest,
  first: PredictionTask,
  pool: OpenPrediction['pool'],
): Promise<Known> {
  const member = await openPredictionTask(request);
  try {
    refuseOtherMeaning(request.run, first, member);
    return await knownBySequence(ofOneRun(request, member, pool));
  } finally {
    await member.close();
  }
}

function ofOneRun(
  request: PredictionRequest,
  task: PredictionTask,
  pool: OpenPrediction['pool'],
): Predictions {
  const { engine, batches, store } = task;
  const source = predictOnWorkers(pinned(request, task), {
    ...pool,
    engine,
    batches: batches.length,
  });
  const { window } = request;
  if (window === undefined) return source;
  return averageWindows(source, (sequence) => windowsOf(store.index.lengths[sequence]!, window));
}

/**
 * The temperature that fits the validation split of the run's own dataset; undefined where none is asked for.
 * @throws LockstepError USAGE for a run that does not predict one class, DATA_INVALID without validation sequences
 */
export async function temperatureFor(
  open: Pick<OpenPrediction, 'request' | 'members' | 'pool' | 'isCalibrated'>,
): Promise<number | undefined> {
  if (!open.isCalibrated) return undefined;
  const ofRun = { data: undefined, dataHash: undefined, labelled: true };
  const request = { ...open.request, ...ofRun, split: 'validation' as const };
  const task = await openPredictionTask(request);
  try {
    if (task.model.task !== 'class') throw noProbabilities();
    const { labels } = task.store.index;
    const known = await knownBySequence(await predictTask({ ...open, request }, task));
    const all = [...known].flatMap(([sequence, output]) => {
      const label = labels[sequence]!;
      if (output.task !== 'class') return [];
      return [{ label, logProbabilities: output.logProbabilities }];
    });
    return fitTemperature(all);
  } finally {
    await task.close();
  }
}

function noProbabilities(): LockstepError {
  return new LockstepError(
    'USAGE',
    'Only the probabilities of one class for each sequence are calibrated; the run predicts something else.',
    'Leave --calibrate out.',
  );
}

/** A prediction at this temperature; as it is where there is none. */
export function calibrated(
  prediction: SequencePrediction,
  temperature: number | undefined,
): SequencePrediction {
  const { output } = prediction;
  if (temperature === undefined || output.task !== 'class') return prediction;
  const logProbabilities = atTemperature(output.logProbabilities, temperature);
  return { ...prediction, output: { task: 'class', logProbabilities } };
}
