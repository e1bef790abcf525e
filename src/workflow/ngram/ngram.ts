/** Fits a model of n-grams to a dataset of symbols: what is counted in a sequence, and a linear head. */
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { labelledSequences } from '../../baseline/label-draws.ts';
import { parseConfig } from '../../config/load.ts';
import { type NgramConfig, ngramConfig } from '../../config/ngram-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { formatCount } from '../../core/format.ts';
import { phaseFacts, symbolsOf } from '../../data/facts.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import { selectSubset } from '../../data/plan/subset.ts';
import { digestsOf, sequenceValues } from '../../data/sequence-digests.ts';
import { fitNgrams, type NgramChoice } from '../../ngram/fit.ts';
import { GapSearch } from '../../ngram/gaps.ts';
import type { NgramModel } from '../../ngram/model.ts';
import { claimRunFolder, type KeptData } from '../../run/folder.ts';
import { checkDraw } from '../../run/needs.ts';
import { writeNgramRun } from '../../run/ngram/ngram-run.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import { type FitMerit, headTargets, headTaskOf, meritOfScores } from '../fitted-targets.ts';
import { type StopRequests, throwIfStopped, untilStopped } from '../train/stop-requests.ts';

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
export interface NgramOutcome {
  readonly runFolder: string;
  /** SHA-256 of the weights. */
  readonly stateHash: string;
  /** Training sequences with a target. */
  readonly labelled: number;
  /** All training sequences that it read. */
  readonly sequences: number;
  /** Distances of pairs, found without labels. */
  readonly gaps: readonly number[];
  /** The linear models that were averaged, the best first. */
  readonly choices: readonly NgramChoice[];
  /** By what they were chosen: the validation split, or each labelled sequence told by the others. */
  readonly chosenBy: 'validation' | 'leave-one-out';
  /** How well their mean does there. It is a little optimistic, as they were chosen by it. */
  readonly merit: FitMerit;
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
  const claim = claimRunFolder(runFolder);
  try {
    const store = await openStore(config.data.store);
    try {
      const { facts, ...fitted } = await fit(config, store, options);
      throwIfStopped(options, 'the n-grams were fitted');
      claim.abandon();
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

interface Fitted {
  readonly model: NgramModel;
  readonly kept: KeptData;
  readonly facts: Omit<NgramOutcome, 'runFolder' | 'stateHash'>;
}

async function fit(
  config: NgramConfig,
  store: StoreOnDisk,
  options: NgramOptions,
): Promise<Fitted> {
  refuseOtherData(store);
  const { seed, data } = config;
  const task = headTaskOf(store);
  checkDraw(data.labelsPerClass, store.manifest.target);
  const labelled = labelledOf(config, store, options);
  const sequences = fittedSequences(config, store, labelled.sequences);
  const read = (some: Int32Array) =>
    untilStopped(sequenceValues(store, some), options, 'the fit') as AsyncIterable<Int32Array>;
  const digests = await digestsOf(read(sequences), sequences.length);
  const gaps = await findGaps(config, symbolsOf(store), read(sequences));
  const judges = data.split === 'validation' ? NONE : labelledSequences(store, 'validation', seed);
  const { orders, buckets } = config.model;
  const { model, choices, merit } = await fitNgrams({
    task,
    features: { symbols: symbolsOf(store), orders, gaps, buckets },
    fitted: read(sequences),
    labelled: placesIn(sequences, labelled.sequences),
    y: headTargets(store, labelled.sequences),
    judges: read(judges),
    judgesY: headTargets(store, judges),
    merit: (scores, y) => meritOfScores(task, scores, y).value,
  });
  const { manifest } = store;
  const { classCounts, labelledSequences: count } = phaseFacts(store, labelled, 'none');
  return {
    model,
    kept: {
      data: { manifest, classCounts: [classCounts], labelledSequences: [count] },
      digests,
    },
    facts: {
      labelled: count,
      sequences: sequences.length,
      gaps,
      choices,
      chosenBy: judges.length > 0 ? 'validation' : 'leave-one-out',
      merit: { metric: task === 'numbers' ? 'R²' : 'accuracy', value: merit },
    },
  };
}

const NONE = new Int32Array(0);

function refuseOtherData({ manifest, path }: StoreOnDisk): void {
  if (manifest.valueType !== 'float32' && manifest.channels === 1) return;
  const found = manifest.valueType === 'float32' ? 'real values' : `${manifest.channels} channels`;
  throw new LockstepError(
    'DATA_INVALID',
    `N-grams are counted in one channel of symbols, but the dataset "${path}" holds ${found}.`,
    'Fit a rocket, or import the data as symbols.',
  );
}

/** The training sequences whose targets the fit sees. */
function labelledOf(
  { seed, data, model }: NgramConfig,
  store: StoreOnDisk,
  { onEvent = () => {} }: NgramOptions,
) {
  const { classes } = store.manifest;
  const request = { index: store.index, classes, seed, labelled: true };
  const all = selectSubset({ ...request, subset: data });
  if (all.sequences.length < 2) throw tooFew(all.sequences.length);
  if (all.sequences.length <= model.fitSequences) return all;
  const text = `Of ${formatCount(all.sequences.length)} labelled training sequences the fit takes ${formatCount(model.fitSequences)}: --set model.fitSequences takes more.`;
  onEvent({ kind: 'warning', text });
  return selectSubset({ ...request, subset: { ...data, maxSequences: model.fitSequences } });
}

function tooFew(found: number): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `The fit needs two training sequences with a target or more, it has ${found}.`,
    'Import more data, or another share for training.',
  );
}

/** The labelled ones, then others of the split as the seed draws them; ascending. */
function fittedSequences(
  { seed, data, model }: NgramConfig,
  { index, manifest }: StoreOnDisk,
  labelled: Int32Array,
): Int32Array {
  const { classes } = manifest;
  const select = (maxSequences?: number) => {
    const subset = { split: data.split, draw: 0, maxSequences };
    return selectSubset({ index, classes, subset, seed, labelled: false }).sequences;
  };
  const all = select();
  if (all.length <= model.fitSequences) return all;
  const others = select(Math.max(1, model.fitSequences - labelled.length));
  return Int32Array.from(new Set([...labelled, ...others])).sort();
}

async function findGaps(
  { model }: NgramConfig,
  symbols: number,
  sequences: AsyncIterable<Int32Array>,
): Promise<number[]> {
  if (model.gaps === 0) return [];
  const search = new GapSearch(symbols, model.longestGap);
  for await (const one of sequences) search.add(one);
  return search.best(model.gaps);
}

function placesIn(all: Int32Array, some: Int32Array): Int32Array {
  const places = new Map(Array.from(all, (sequence, place) => [sequence, place]));
  return some.map((sequence) => places.get(sequence)!);
}
