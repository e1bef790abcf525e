/** Counts the rows of a dataset for its manifest, while they are written in their final order. */
import type { StoreRow } from './arrow-schema.ts';
import type { Split, StoreManifest } from './store.ts';
import { UNLABELLED } from './store.ts';
import type { DataTarget } from './target.ts';

interface SplitCounts {
  sequences: number;
  tokens: number;
  perClass: number[];
}

/** What the manifest says of the rows. */
type RowSummary = Pick<StoreManifest, 'sequences' | 'tokens' | 'length' | 'splits'>;

/** Add every row once, then `finish`. */
export class RowStatistics {
  readonly #targetKind: DataTarget['kind'];
  readonly #splits: Record<Split, SplitCounts>;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;

  constructor(target: DataTarget, classCount: number) {
    this.#targetKind = target.kind;
    const none = (): SplitCounts => ({
      sequences: 0,
      tokens: 0,
      perClass: Array<number>(classCount).fill(0),
    });
    this.#splits = { train: none(), validation: none(), test: none() };
  }

  add(row: StoreRow): void {
    const counts = this.#splits[row.split];
    counts.sequences++;
    counts.tokens += row.length;
    for (const label of this.#classesOf(row)) counts.perClass[label]!++;
    this.#shortest = Math.min(this.#shortest, row.length);
    this.#longest = Math.max(this.#longest, row.length);
  }

  #classesOf({ label, targets = [] }: StoreRow): readonly number[] {
    if (this.#targetKind === 'classes') return targets;
    return this.#targetKind === 'class' && label !== UNLABELLED ? [label] : [];
  }

  /** Where each timestep has a class, timesteps are what is counted of it. */
  addTimestepLabels({ split }: StoreRow, labels: ArrayLike<number>): void {
    const { perClass } = this.#splits[split];
    for (let step = 0; step < labels.length; step++) {
      if (labels[step] !== UNLABELLED) perClass[labels[step]!]!++;
    }
  }

  /** The counts of all added rows, at least one. */
  finish(): RowSummary {
    const { train, validation, test } = this.#splits;
    return {
      sequences: train.sequences + validation.sequences + test.sequences,
      tokens: train.tokens + validation.tokens + test.tokens,
      length: { minimum: this.#shortest, maximum: this.#longest },
      splits: { train, validation, test },
    };
  }
}
