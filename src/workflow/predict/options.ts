/** Which run predicts what, as the caller says it. */
import { LockstepError } from '../../core/errors.ts';
import type { Split } from '../../data/format/store.ts';
import { type ExtensionOptions, loadExtensions } from '../../extension/load.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import { type DeviceOptions, devicesOf } from '../placement.ts';
import { type StopRequests, throwIfStopped } from '../train/stop-requests.ts';
import { describeOtherData } from './other-data.ts';
import type { PoolOptions } from './pool.ts';
import { openRawFiles } from './raw-files.ts';
import type { PredictionRequest, PredictionTask } from './task.ts';

/** Options of `evaluate` and `predict`. */
export interface PredictOptions extends DeviceOptions, ExtensionOptions, StopRequests {
  /** Folder of the run whose weights predict. */
  readonly runFolder: string;
  /** Weights at the end of this phase. @default the last phase, or the newest checkpoint before its end */
  readonly phase?: string | undefined;
  /** Another dataset than the run was trained on. Classes are matched by name. */
  readonly data?: string | undefined;
  /** Raw files instead of a dataset, read as the training data were: a folder, a .csv or a .jsonl file. */
  readonly files?: string | undefined;
  /** Only the sequences of this split. */
  readonly split?: Split | undefined;
  /** Only the first so many timesteps of each sequence. */
  readonly crop?: number | undefined;
  /** Reads a longer sequence in windows of so many timesteps, and averages their predictions. */
  readonly window?: number | undefined;
  /** Folders of other runs on the same dataset, whose predictions are averaged with those of the first one. */
  readonly ensemble?: readonly string[] | undefined;
  /** Scales the probabilities of classes by one temperature, which the validation split gives. @default false */
  readonly calibrate?: boolean | undefined;
  /** Called with what a person should know, such as sequences of raw files that were left out. */
  readonly onEvent?: ((event: Notice) => void) | undefined;
}

/** What is to be predicted and by which workers, for as long as `close` is not called. */
export interface OpenPrediction {
  readonly request: PredictionRequest;
  /** Folders of the runs that are averaged with the request's. */
  readonly members: readonly string[];
  readonly isCalibrated: boolean;
  readonly pool: Pick<PoolOptions, 'devices' | 'hooks'>;
  /** How the data of a task differ from the training data, where that is to be told. */
  tellDifferences(task: PredictionTask): void;
  close(): Promise<void>;
}

/** @throws LockstepError USAGE for options that exclude each other; what is wrong with the raw files */
export async function openPrediction(
  options: PredictOptions,
  defaults: { readonly labelled: boolean; readonly split?: Split; readonly embeddings?: boolean },
): Promise<OpenPrediction> {
  const { onEvent = () => {}, signal, kill, runFolder: run, phase, crop, window, files } = options;
  const hooks = { onEvent, signal, kill };
  const pool = { devices: devicesOf(options), hooks };
  throwIfStopped(hooks, 'the first prediction');
  await loadExtensions(options.extensions ?? []);
  const { labelled, embeddings } = defaults;
  const { ensemble: members = [], calibrate: isCalibrated = false } = options;
  const how = { members, isCalibrated, pool };
  if (files === undefined) {
    const { data, split = defaults.split } = options;
    const close = async () => {};
    const tellDifferences = ({ model, store }: PredictionTask) => {
      const text = describeOtherData(model.data.manifest, store);
      if (text !== undefined) onEvent({ kind: 'status', text });
    };
    const request = { run, phase, embeddings, data, split, crop, window, labelled };
    return { ...how, close, tellDifferences, request };
  }
  refuseBoth(options);
  const { store, remove } = await openRawFiles({ run, source: files, labelled }, onEvent);
  const request = { run, phase, embeddings, data: store, crop, window, labelled };
  return { ...how, close: remove, tellDifferences: () => {}, request };
}

function refuseBoth({ data, split }: PredictOptions): void {
  const other = data !== undefined ? 'data' : split !== undefined ? 'split' : undefined;
  if (other === undefined) return;
  throw new LockstepError(
    'USAGE',
    `files and ${other} exclude each other: raw files are a dataset of their own, without splits.`,
    `Leave one of them out.`,
  );
}
