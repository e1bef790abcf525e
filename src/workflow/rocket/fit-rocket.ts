/** Fits random convolutions and a linear head to one dataset. */
import { totalmem } from 'node:os';
import type { RocketConfig } from '../../config/rocket-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { dataFacts, phaseFacts } from '../../data/facts.ts';
import type { StoreOnDisk } from '../../data/format/open-store.ts';
import { refuseWithoutTarget } from '../../data/no-target.ts';
import { type Subset, selectSubset } from '../../data/plan/subset.ts';
import type { Scaling } from '../../data/scaling/scaling.ts';
import { digestsOf, sequenceValues } from '../../data/sequence-digests.ts';
import { Features } from '../../rocket/features.ts';
import { fitHead, type HeadKind } from '../../rocket/head.ts';
import type { RocketModel } from '../../rocket/model.ts';
import type { HeadTask } from '../../rocket/sharpness.ts';
import { fitTransform, type RocketTransform } from '../../rocket/transform.ts';
import type { KeptData } from '../../run/folder.ts';
import { checkDraw } from '../../run/needs.ts';
import { inputShape, readRocketInput } from '../../run/rocket/series.ts';
import { requireStatistics } from '../../run/scaling.ts';
import { type Matrix, matrix } from '../../solver/matrix.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import { type FitMerit, fitTaskOf, headTargets, meritOfScores } from '../fitted-targets.ts';
import { type StopRequests, throwIfStopped, untilStopped } from '../train/stop-requests.ts';
import { type ChosenModel, chooseModel, type TrainingSize } from './variant.ts';

/** What a fit found out, for people. */
export interface RocketFacts {
  /** Training sequences. */
  readonly sequences: number;
  /** Numbers by which a sequence is known. */
  readonly features: number;
  /** Which head was fitted. */
  readonly head: HeadKind;
  /** The penalty that the error on held-out sequences chose. */
  readonly alpha: number;
  /**
   * How well each training sequence is told by the others, of a logistic head by those of the other folds. It is a
   * little optimistic, as the penalty was chosen by it.
   */
  readonly heldOut: FitMerit;
}

/** A fitted rocket, not yet written. */
export interface RocketFit {
  readonly chosen: ChosenModel & { readonly head: HeadKind };
  readonly model: RocketModel;
  readonly kept: KeptData;
  readonly facts: RocketFacts;
}

/** @throws LockstepError DATA_INVALID, OUT_OF_RESOURCES; INTERRUPTED, TERMINATED */
export async function fitRocket(
  config: RocketConfig,
  store: StoreOnDisk,
  stop: StopRequests,
  onEvent: (event: Notice) => void,
): Promise<RocketFit> {
  const { seed, data } = config;
  refuseWithoutTarget('A fit', store.path, store.manifest);
  const task = fitTaskOf(store);
  refuseLogistic(config.model.head, task);
  if (data.scaling !== 'none') requireStatistics(store);
  checkDraw(data.labelsPerClass, store.manifest.target);
  const { classes } = store.manifest;
  const subset = selectSubset({ index: store.index, classes, subset: data, seed, labelled: true });
  refuseTooFew(subset);
  const { classCounts, labelledSequences } = phaseFacts(store, subset, data.scaling);
  warnOfAbsent(task, classes, classCounts, onEvent);
  const { scaling } = dataFacts(store, data.scaling);
  const values = untilStopped(sequenceValues(store, subset.sequences), stop, 'the fit');
  const digests = await digestsOf(values, subset.sequences.length);
  const chosen = chooseModel(config.model, sizeOf(subset, store));
  const input = { store, subset, scaling, stop };
  const { transform, x, kinds } = await computeFeatures({ seed, model: chosen }, input);
  const y = headTargets(store, subset.sequences);
  const { heldOut, kind, ...head } = fitHead(x, y, task, { kinds, head: config.model.head });
  const { manifest } = store;
  return {
    chosen: { ...chosen, head: kind },
    model: { transform, head },
    kept: {
      data: { manifest, classCounts: [classCounts], labelledSequences: [labelledSequences] },
      digests,
    },
    facts: {
      sequences: x.rows,
      features: x.columns,
      head: kind,
      alpha: head.alpha,
      heldOut: meritOfScores(task, heldOut, y),
    },
  };
}

function sizeOf({ sequences, effectiveLengths }: Subset, { manifest }: StoreOnDisk): TrainingSize {
  let timesteps = 0;
  for (let row = 0; row < sequences.length; row++) timesteps += effectiveLengths.at(row)!;
  return { sequences: sequences.length, values: timesteps * manifest.channels };
}

interface FitInput {
  readonly store: StoreOnDisk;
  readonly subset: Subset;
  readonly scaling: Scaling;
  readonly stop: StopRequests;
}

interface ComputedFeatures {
  readonly transform: RocketTransform;
  /** `[sequences, features]`. */
  readonly x: Matrix;
  /** Columns of each kind. */
  readonly kinds: readonly number[];
}

/** Of the training sequences. */
async function computeFeatures(
  { seed, model }: { readonly seed: number; readonly model: ChosenModel },
  { store, subset, scaling, stop }: FitInput,
): Promise<ComputedFeatures> {
  const { sequences, effectiveLengths } = subset;
  const read = async (row: number) => {
    throwIfStopped(stop, 'the rocket was fitted');
    const place = { sequence: sequences[row]!, count: effectiveLengths.at(row)! };
    return await readRocketInput(store, scaling, place);
  };
  const { channels, profile } = inputShape(store.manifest.channels, scaling);
  const transform = await fitTransform(
    { count: sequences.length, read: async (row) => (await read(row)).series },
    { ...model, channels, length: effectiveLengths.at(sequences.length - 1)!, seed },
  );
  const features = new Features(transform);
  const x = allocate(sequences.length, features.count + profile);
  for (let row = 0; row < x.rows; row++) {
    const input = await read(row);
    features.write(input.series, x.values, row * x.columns);
    x.values.set(input.profile, row * x.columns + features.count);
  }
  const kinds = features.kinds.with(-1, features.kinds.at(-1)! + profile);
  return { transform, x, kinds };
}

/** Matrices of the size of the features that a fit holds at once. */
const MATRICES = 3;

function allocate(rows: number, columns: number): Matrix {
  const needed = MATRICES * rows * columns * Float64Array.BYTES_PER_ELEMENT;
  if (needed <= totalmem()) return matrix(rows, columns);
  const gibibytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  throw new LockstepError(
    'OUT_OF_RESOURCES',
    `${columns} features of ${rows} sequences need ${gibibytes(needed)} GiB of memory, this machine has ${gibibytes(totalmem())}.`,
    'Fit fewer sequences or fewer features: --set data.maxSequences=5000, --set model.variant=mini.',
  );
}

function refuseLogistic(head: HeadKind | 'auto', task: HeadTask): void {
  if (head !== 'logistic' || task === 'class') return;
  throw new LockstepError(
    'DATA_INVALID',
    `A logistic head learns one class a sequence, the dataset has ${task === 'classes' ? 'several' : 'numbers'}.`,
    'Leave model.head as it is, or set it to ridge.',
  );
}

function refuseTooFew({ sequences }: Subset): void {
  if (sequences.length >= 2) return;
  throw new LockstepError(
    'DATA_INVALID',
    'A rocket needs two training sequences with a target or more, the dataset has one.',
    'Import more data, or another share for training.',
  );
}

function warnOfAbsent(
  task: HeadTask,
  classes: readonly string[],
  counts: readonly number[],
  onEvent: (event: Notice) => void,
): void {
  const absent = task === 'numbers' ? [] : classes.filter((_, label) => counts[label] === 0);
  if (absent.length === 0) return;
  const names = absent.map((name) => `"${name}"`).join(', ');
  const text = `No training sequence has the class ${names}: the model cannot learn it.`;
  onEvent({ kind: 'warning', text });
}
