/** Fits a model of n-grams to a dataset of symbols: what is counted in a sequence, and a linear head. */
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { parseConfig } from '../../config/load.ts';
import { ngramConfig } from '../../config/ngram-config.ts';
import { openStore } from '../../data/format/open-store.ts';
import { claimRunFolder, lockForGood } from '../../run/folder.ts';
import { writeNgramRun } from '../../run/ngram/ngram-run.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import { type StopRequests, throwIfStopped } from '../train/stop-requests.ts';
import { type NgramFacts, NgramFitter } from './ngram-fitter.ts';

/** Options of `ngram`. */
export interface NgramOptions extends StopRequests {
  /** Folder of the dataset. */
  readonly data: string;
  /** Folder of the run. @default runs/ngram-<dataset> */
  readonly runFolder?: string | undefined;
  /** Changes to the configuration: `['seed=3', 'data.labelsPerClass=5']`. */
  readonly set?: readonly string[] | undefined;
  /** Called with what a person should know. */
  readonly onEvent?: ((event: Notice) => void) | undefined;
}

/** A fitted model of n-grams. */
export interface NgramOutcome extends NgramFacts {
  readonly runFolder: string;
  /** SHA-256 of the weights. */
  readonly stateHash: string;
}

/**
 * Fits linear models on the frequencies of n-grams and of pairs of symbols, on the directions in which all training
 * sequences differ most, and averages those that do best on the validation split. Needs no engine. `evaluate` and
 * `predict` take its run like any other.
 * @throws LockstepError what is wrong with options or data; RUN_EXISTS; INTERRUPTED, TERMINATED
 * @example
 * const { runFolder, merit } = await ngram({ data: 'data/mine', set: ['data.labelsPerClass=5'] });
 * console.log(runFolder, merit.metric, merit.value);
 */
export async function ngram(options: NgramOptions): Promise<NgramOutcome> {
  const { data, set = [] } = options;
  const { runFolder = join('runs', `ngram-${basename(data)}`) } = options;
  const text = stringify({ name: basename(runFolder), data: { store: data } });
  const config = parseConfig(ngramConfig, text, 'ngram', set);
  // Found out now, not after the fit.
  const claim = claimRunFolder(runFolder, lockForGood);
  try {
    const store = await openStore(config.data.store);
    try {
      const { facts, ...fitted } = await new NgramFitter(store, options).fit(config);
      throwIfStopped(options, 'the n-grams were fitted');
      const { choices } = facts;
      const stateHash = await writeNgramRun(runFolder, { config, ...fitted, choices });
      return { runFolder, stateHash, ...facts };
    } finally {
      await store.close();
    }
  } finally {
    claim.abandon();
  }
}
