/**
 * How others form batches of sequences of different lengths, after their documentation:
 *
 *   Hugging Face: `LengthGroupedSampler` of transformers (`TrainingArguments.group_by_length`): a random permutation is
 *     cut into mega-batches of 50 batches, each sorted by length, the longest sequence of all first.
 *   fairseq: `data_utils.batch_by_size` with `--max-tokens` and the default `--required-batch-size-multiple 8`, over
 *     indices that are shuffled and then sorted by length; the batches are shuffled each epoch.
 *   lhotse: `DynamicBucketingSampler` with `max_duration` and its defaults: 10 buckets of equal total duration, a
 *     buffer of 20 000 cuts; a random bucket with enough cuts gives the next batch; padding counts.
 */
import { permutation } from '../../core/permutation.ts';
import { randomStream } from '../../core/random.ts';

/** Lengths of the rows of each batch. */
export type Batches = readonly (readonly number[])[];

/** Forms batches of these lengths, within a budget of rows × longest row. */
export type BatchRule = (lengths: Int32Array, budget: number) => Batches;

/** Rows in random order, as many as fit the budget. */
export const randomBatches: BatchRule = (lengths, budget) => fill(shuffled(lengths), budget);

function shuffled(lengths: Int32Array): number[] {
  const order = permutation(lengths.length, 1, 'sequence-order');
  return Array.from(lengths, (_, position) => lengths[order.at(position)]!);
}

/** Takes rows in turn until the next would exceed the budget. */
function fill(lengths: readonly number[], budget: number): number[][] {
  const batches: number[][] = [];
  let batch: number[] = [];
  let longest = 0;
  for (const length of lengths) {
    if (batch.length > 0 && Math.max(longest, length) * (batch.length + 1) > budget) {
      batches.push(batch);
      [batch, longest] = [[], 0];
    }
    batch.push(length);
    longest = Math.max(longest, length);
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

const MEGA_BATCHES = 50;

/** A fixed number of rows; as many tokens as the budget on average. */
export const groupByLength: BatchRule = (lengths, budget) => {
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const rows = Math.max(1, Math.floor(budget / mean));
  const order = shuffled(lengths);
  const sorted: number[] = [];
  for (let start = 0; start < order.length; start += MEGA_BATCHES * rows) {
    sorted.push(...order.slice(start, start + MEGA_BATCHES * rows).sort((a, b) => b - a));
  }
  const longest = sorted.indexOf(sorted.reduce((a, b) => Math.max(a, b)));
  [sorted[0], sorted[longest]] = [sorted[longest]!, sorted[0]!];
  return Array.from({ length: Math.ceil(sorted.length / rows) }, (_, i) =>
    sorted.slice(i * rows, (i + 1) * rows),
  );
};

const BATCH_MULTIPLE = 8;

/** Sorted rows; a full batch is cut to a multiple of 8 rows. */
export const batchBySize: BatchRule = (lengths, budget) => {
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const length of [...lengths].sort((a, b) => a - b)) {
    const longest = Math.max(length, batch.at(-1) ?? 0);
    if (batch.length > 0 && (batch.length + 1) * longest > budget) {
      const whole = BATCH_MULTIPLE * Math.floor(batch.length / BATCH_MULTIPLE);
      const taken = Math.max(whole, batch.length % BATCH_MULTIPLE);
      batches.push(batch.slice(0, taken));
      batch = batch.slice(taken);
    }
    batch.push(length);
  }
  return batch.length > 0 ? [...batches, batch] : batches;
};

const BUCKETS = 10;
const BUFFER = 20_000;

/** Buckets of similar length that a buffer of the shuffled rows fills. */
export const dynamicBuckets: BatchRule = (lengths, budget) => {
  const stream = shuffled(lengths);
  const bounds = bucketBounds(stream.slice(0, BUFFER));
  const buckets: number[][] = Array.from({ length: BUCKETS }, () => []);
  const random = randomStream(1, 'micro-batch-order');
  const batches: number[][] = [];
  let [read, buffered] = [0, 0];
  for (;;) {
    for (; buffered < BUFFER && read < stream.length; buffered++) {
      const length = stream[read++]!;
      buckets[bounds.filter((bound) => length > bound).length]!.push(length);
    }
    if (buffered === 0) return batches;
    const ready = buckets.filter((bucket) => isReady(bucket, budget));
    const choices = ready.length > 0 ? ready : buckets.filter(({ length }) => length > 0);
    const bucket = choices[random.integer(batches.length, choices.length)]!;
    const [batch] = fill(bucket.slice(0, budget), budget);
    bucket.splice(0, batch!.length);
    buffered -= batch!.length;
    batches.push(batch!);
  }
};

/** Lengths that part rows into buckets of equal total length. */
function bucketBounds(lengths: readonly number[]): number[] {
  const ascending = [...lengths].sort((a, b) => a - b);
  const share = ascending.reduce((a, b) => a + b, 0) / BUCKETS;
  const bounds: number[] = [];
  let sum = 0;
  for (const length of ascending) {
    if (sum > share * (bounds.length + 1) && bounds.length < BUCKETS - 1) bounds.push(length);
    sum += length;
  }
  return bounds;
}

/** Whether a bucket holds a full batch. */
function isReady(bucket: readonly number[], budget: number): boolean {
  let longest = 0;
  for (const [row, length] of bucket.entries()) {
    longest = Math.max(longest, length);
    if (longest * (row + 1) > budget) return true;
  }
  return false;
}
