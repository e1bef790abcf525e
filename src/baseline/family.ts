/** What the kind of a dataset's values brings. */
import type { Baseline } from './baseline.ts';
import type { Examples, Reader } from './examples.ts';
import type { Target } from './target.ts';

export interface BaselineFamily {
  /** Takes what it needs of each example. */
  readonly read: Reader;
  /** The baselines on what was read. */
  readonly make: (examples: Examples, target: Target) => Rivals;
}

export interface Rivals {
  readonly baselines: readonly Baseline[];
  /** Why others are left out, a sentence each. */
  readonly leftOut: readonly string[];
}
