/** All that `data info` tells of a dataset. */
import { type StoreSummary, summariseStore } from '../format/describe-store.ts';
import type { Store } from '../format/store.ts';
import { BYTES_PER_VALUE } from '../format/values.ts';
import type { ChannelStatistics } from '../scaling/channel-statistics.ts';
import { digestsOf, sequenceValues } from '../sequence-digests.ts';
import { type Bin, lengthHistogram, ValueHistogram } from './histogram.ts';
import { importWarnings } from './import-warnings.ts';
import { type BudgetFacts, budgetFacts } from './padding.ts';

/** A dataset up to this size is read for duplicates without being asked. */
const READ_WHOLE_BYTES = 256 * 2 ** 20;
/** Sequences and timesteps of each that the histogram of values looks at. */
const SAMPLE_SEQUENCES = 500;
const SAMPLE_TIMESTEPS = 4096;

export interface StoreInfo extends StoreSummary {
  readonly channels: number;
  /** Of all splits. */
  readonly lengthHistogram: readonly Bin[];
  /** Of a sample of all splits. */
  readonly valueHistogram: readonly Bin[];
  readonly channelStatistics: readonly ChannelStatistics[];
  readonly budgets: readonly BudgetFacts[];
  /** Sequences that are equal to an earlier one; absent if nobody looked. */
  readonly duplicates?: number | undefined;
  readonly warnings: readonly string[];
}

export interface InfoRequest {
  /** Tokens of a micro-batch. */
  readonly budgets: readonly number[];
  /** Whether to look for duplicates in a large dataset, too. */
  readonly duplicates?: boolean;
}

/** @throws LockstepError STORE_CORRUPT */
export async function storeInfo(store: Store, request: InfoRequest): Promise<StoreInfo> {
  const summary = summariseStore(store);
  const { manifest, index } = store;
  const { channels, channelStatistics, target, splits } = manifest;
  const classes = summary.classes.slice(0, manifest.classes.length);
  const hasTraining = splits.train.sequences > 0;
  const { lengths } = index;
  return {
    ...summary,
    ...{ channels, channelStatistics },
    lengthHistogram: lengthHistogram(lengths),
    valueHistogram: await valueHistogram(store),
    budgets: request.budgets.flatMap((budget) => budgetFacts(store, budget) ?? []),
    duplicates: await countDuplicates(store, request.duplicates ?? false),
    warnings: importWarnings({ target: target.kind, classes, lengths, hasTraining }),
  };
}

async function valueHistogram(store: Store): Promise<Bin[]> {
  const { minimum, maximum } = store.manifest.valueRange;
  const histogram = new ValueHistogram(minimum, maximum);
  const { lengths } = store.index;
  const sample = Math.min(SAMPLE_SEQUENCES, lengths.length);
  for (let i = 0; i < sample; i++) {
    const sequence = Math.floor((i * lengths.length) / sample);
    const count = Math.min(SAMPLE_TIMESTEPS, lengths[sequence]!);
    histogram.add(await store.read(sequence, 0, count));
  }
  return histogram.finish();
}

async function countDuplicates(store: Store, isAsked: boolean): Promise<number | undefined> {
  const { tokens, channels, valueType, sequences } = store.manifest;
  const sizeBytes = tokens * channels * BYTES_PER_VALUE[valueType];
  if (!isAsked && sizeBytes > READ_WHOLE_BYTES) return undefined;
  const all = store.index.lengths.keys();
  const digests = await digestsOf(sequenceValues(store, all), sequences);
  return digests.reduce(
    (count, digest, i) => count + Number(i > 0 && digest === digests[i - 1]),
    0,
  );
}
