/** Models that are fitted at once, without steps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** How such a model is called in its files and in texts. */
const KINDS = ['rocket', 'ngram'] as const;
export type FittedKind = (typeof KINDS)[number];

export const KIND_WORDS: Readonly<Record<FittedKind, string>> = {
  rocket: 'a rocket',
  ngram: 'n-grams',
};

/** The weights of such a model, in the folder of its run. */
export const weightsFile = (kind: FittedKind): string => `${kind}.safetensors`;

/** Of which kind the run in a folder is; undefined for a run with steps and for anything else. */
export const fittedKindOf = (path: string): FittedKind | undefined =>
  KINDS.find((kind) => existsSync(join(path, weightsFile(kind))));
