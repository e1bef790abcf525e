/** How many of the predicted sequences hold values such as training never saw, and the warnings about them. */
import type { SequencePrediction } from './predict-batches.ts';
import type { PredictionHooks, PredictionTask } from './task.ts';
import type { TrainedOn } from './unfamiliar-values.ts';
import { describeUnusualLengths } from './unusual-lengths.ts';

/** How many values a warning names. */
const SHOWN = 8;

/** Counts sequences with unfamiliar values. */
export class UnfamiliarCount {
  /** Sequences that hold any. */
  count = 0;
  #sequences = 0;
  #first: string | undefined;
  readonly #values = new Set<number>();

  /** @param id of the sequence */
  add(unfamiliar: readonly number[], id: string): void {
    this.#sequences++;
    if (unfamiliar.length === 0) return;
    this.count++;
    this.#first ??= id;
    for (const value of unfamiliar) if (this.#values.size <= SHOWN) this.#values.add(value);
  }

  /** The warning; undefined when there is nothing to warn of. */
  describe({ valueType, valueRange }: TrainedOn): string | undefined {
    if (this.count === 0) return undefined;
    const shown = [...this.#values].slice(0, SHOWN).join(', ');
    const values = this.#values.size > SHOWN ? `${shown}, …` : shown;
    const what =
      valueType === 'float32'
        ? `values far outside those of training, ${valueRange.minimum}…${valueRange.maximum}`
        : 'symbols that training never saw';
    return `${this.count} of ${this.#sequences} sequences hold ${what} (${values}), such as "${this.#first}": do not rely on their predictions.`;
  }
}

/** Passes predictions on and counts them. */
export async function* counting(
  batches: AsyncIterable<readonly SequencePrediction[]>,
  { store }: PredictionTask,
  count: UnfamiliarCount,
): AsyncGenerator<readonly SequencePrediction[], void> {
  const ids = await store.ids();
  for await (const batch of batches) {
    for (const { sequence, unfamiliar } of batch) count.add(unfamiliar, ids[sequence]!);
    yield batch;
  }
}

/** Warns of what was counted, and of lengths, if there is anything to warn of. */
export async function tellUnfamiliar(
  count: UnfamiliarCount,
  { model, store, sequences }: PredictionTask,
  { onEvent, crop = Infinity }: PredictionHooks & { readonly crop?: number | undefined },
): Promise<void> {
  const { manifest } = model.data;
  const ids = await store.ids();
  const lengths = Array.from(sequences, (sequence) => {
    return { id: ids[sequence]!, length: Math.min(store.index.lengths[sequence]!, crop) };
  });
  for (const text of [count.describe(manifest), describeUnusualLengths(lengths, manifest.length)]) {
    if (text !== undefined) onEvent({ kind: 'warning', text });
  }
}
