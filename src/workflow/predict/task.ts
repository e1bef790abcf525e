/** What is to be predicted with which weights: the same in the command's process and in its workers. */

import { type EngineConfig, engineSection } from '../../config/engine-section.ts';
import { LockstepError } from '../../core/errors.ts';
import { commandLine } from '../../core/program-name.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import { SPLITS, type Split, type StoreManifest } from '../../data/format/store.ts';
import { evaluationBatches, type MicroBatchList } from '../../data/plan/evaluation-batches.ts';
import type { RowLimits } from '../../data/plan/length-class.ts';
import { croppedLengths } from '../../data/plan/lengths.ts';
import { type Subset, selectSubset } from '../../data/plan/subset.ts';
import { type FittedKind, fittedKindOf } from '../../run/fitted/kinds.ts';
import { readRunConfig } from '../../run/folder.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import type { StopRequests } from '../train/stop-requests.ts';
import { refuseOtherData } from './other-data.ts';
import { loadTrainedFit, type TrainedFit } from './trained-fit.ts';
import { loadTrainedModel, type ModelChoice, type NetworkModel } from './trained-model.ts';
import { refuseWindow, windowBatches } from './windows.ts';

/** Plain, so that it crosses to the workers. */
export interface PredictionRequest extends ModelChoice {
  /** Another dataset than the run was trained on. */
  readonly data?: string | undefined;
  /** Content hash that the dataset must have. */
  readonly dataHash?: string | undefined;
  /** Only these sequences; all when absent. */
  readonly split?: Split | undefined;
  /** Only sequences with a label. */
  readonly labelled: boolean;
  /** Only the first timesteps of each sequence, this many. */
  readonly crop?: number | undefined;
  /** Longer sequences in windows of so many timesteps. */
  readonly window?: number | undefined;
}

/** How predictions are told about and stopped. */
export interface PredictionHooks extends StopRequests {
  readonly onEvent: (event: Notice) => void;
}

export interface PredictionTask {
  readonly model: NetworkModel | TrainedFit;
  /** Where it computes. */
  readonly engine: EngineConfig;
  readonly store: StoreOnDisk;
  /** Numbers of the sequences to predict. */
  readonly sequences: Int32Array;
  /** Whether they are of the dataset that the run was trained on. */
  readonly isOwnData: boolean;
  /** Names of the model's classes. */
  readonly classes: readonly string[];
  readonly batches: MicroBatchList;
  close(): Promise<void>;
}

/** @throws LockstepError what is wrong with run, weights or data */
export async function openPredictionTask(request: PredictionRequest): Promise<PredictionTask> {
  refuseCrop(request.crop);
  const kind = fittedKindOf(request.run);
  const { model, limits, engine, ownStore } =
    kind === undefined ? await openNetwork(request) : await openFitted(request, kind);
  const store = await openStore(request.data ?? ownStore, { contentHash: request.dataHash });
  const close = () => store.close();
  const { window, crop } = request;
  try {
    refuseWindow(window, { crop, task: model.task });
    const { manifest: trained } = model.data;
    if (request.data === undefined) refuseOtherData(request.run, trained, store);
    refuseOtherValues(trained, store.manifest);
    const subset = subsetOf(store, request);
    const batches =
      window === undefined
        ? evaluationBatches(subset, limits)
        : windowBatches(subset, window, limits);
    const { sequences } = subset;
    const isOwnData = trained.contentHash === store.manifest.contentHash;
    const { classes } = trained;
    return { model, engine, store, sequences, isOwnData, classes, batches, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** A model, and how it is used. */
interface OpenModel<Model> {
  readonly model: Model;
  /** Of the micro-batches that it predicts. */
  readonly limits: RowLimits;
  readonly engine: EngineConfig;
  /** Folder of the dataset that it was trained on. */
  readonly ownStore: string;
}

async function openNetwork(request: PredictionRequest): Promise<OpenModel<NetworkModel>> {
  const config = readRunConfig(request.run);
  const model = await loadTrainedModel(request, config);
  const limits = config.phases[model.phaseIndex]!.batch ?? config.batch;
  return { model, limits, engine: config.engine, ownStore: config.data.store };
}

/** A fitted model computes row by row: its micro-batches only bound what workers read and tell at once. */
const FITTED_LIMITS: RowLimits = { tokensPerMicroBatch: 1 << 16, maxRows: 64 };

async function openFitted(
  request: PredictionRequest,
  kind: FittedKind,
): Promise<OpenModel<TrainedFit>> {
  const { model, store: ownStore } = await loadTrainedFit(request, kind);
  const engine = engineSection.parse({ kind: 'portable' });
  return { model, limits: FITTED_LIMITS, engine, ownStore };
}

/** The request for workers, which must open the same dataset. */
export function pinned(
  request: PredictionRequest,
  { store }: Pick<PredictionTask, 'store'>,
): PredictionRequest {
  return { ...request, dataHash: store.manifest.contentHash };
}

function refuseCrop(crop: number | undefined): void {
  if (crop === undefined || (Number.isInteger(crop) && crop >= 1)) return;
  throw new LockstepError(
    'USAGE',
    `Cannot crop sequences to ${crop} timesteps: the number must be an integer from 1.`,
    'Give --crop a number such as 1024, or leave it out to use whole sequences.',
  );
}

function subsetOf(store: StoreOnDisk, { split, labelled, crop }: PredictionRequest): Subset {
  if (split === undefined) return wholeSubset(store, labelled, crop);
  const subset = { split, draw: 0, ...(crop !== undefined && { crop }) };
  const { classes } = store.manifest;
  return selectSubset({ index: store.index, classes, subset, seed: 0, labelled });
}

/** Every sequence of every split. */
function wholeSubset({ index }: StoreOnDisk, labelled: boolean, crop?: number): Subset {
  const sequences = Int32Array.from(index.lengths.keys()).filter(
    (sequence) => !labelled || index.labels[sequence]! >= 0,
  );
  if (sequences.length === 0) {
    throw new LockstepError(
      'DATA_INVALID',
      `The dataset has no labelled sequence among ${index.lengths.length} (${SPLITS.join(', ')}).`,
      `Import it with labels, or use "${commandLine('predict')}".`,
    );
  }
  const effectiveLengths = croppedLengths(sequences, index.lengths, crop);
  return { sequences, effectiveLengths, storeLengths: index.lengths };
}

/** A model has weights for the channels of its training data, for their symbols, and for gaps if they had any. */
function refuseOtherValues(known: StoreManifest, found: StoreManifest): void {
  const bothReal = known.valueType === 'float32' && found.valueType === 'float32';
  const sameSymbols =
    known.valueType !== 'float32' &&
    found.valueType !== 'float32' &&
    found.valueRange.maximum <= known.valueRange.maximum;
  const sameChannels =
    known.channels === found.channels && (gapsOf(known) > 0 || gapsOf(found) === 0);
  if ((bothReal || sameSymbols) && sameChannels) return;
  const describe = (manifest: StoreManifest) => {
    const { valueType, valueRange, channels } = manifest;
    const count = `${channels} ${channels === 1 ? 'channel' : 'channels'}`;
    const width = known.channels === found.channels ? '' : ` in ${count}`;
    const gaps = gapsOf(manifest) > 0 ? ', some of them missing' : '';
    return `${valueType} values of ${valueRange.minimum}…${valueRange.maximum}${width}${gaps}`;
  };
  throw new LockstepError(
    'DATA_INVALID',
    `The dataset has ${describe(found)}, the model was trained on ${describe(known)}.`,
    'Import the data as the training data were imported.',
  );
}

/** How many values are missing. */
function gapsOf({ channelStatistics }: Pick<StoreManifest, 'channelStatistics'>): number {
  return channelStatistics.reduce((sum, { missing }) => sum + missing, 0);
}
