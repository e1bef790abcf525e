/** Fits models of n-grams to one dataset. */
import { labelledSequences } from '../../baseline/label-draws.ts';
import type { NgramConfig } from '../../config/ngram-config.ts';
import { LockstepError } from '../../core/errors.ts';
import { formatCount } from '../../core/format.ts';
import { phaseFacts, symbolsOf } from '../../data/facts.ts';
import type { StoreOnDisk } from '../../data/format/open-store.ts';
import { refuseWithoutTarget } from '../../data/no-target.ts';
import { selectSubset } from '../../data/plan/subset.ts';
import { digestsOf, sequenceValues } from '../../data/sequence-digests.ts';
import { countNgrams, fitNgrams, type NgramChoice, type NgramMaterial } from '../../ngram/fit.ts';
import { GapSearch } from '../../ngram/gaps.ts';
import type { NgramModel } from '../../ngram/model.ts';
import type { KeptData } from '../../run/folder.ts';
import { checkDraw } from '../../run/needs.ts';
import type { Notice } from '../../telemetry/run-event.ts';
import {
  type FitMerit,
  fitTaskOf,
  headTargets,
  meritOfScores,
  meritsOfRows,
} from '../fitted-targets.ts';
import { type StopRequests, untilStopped } from '../train/stop-requests.ts';

/** What a fit found out, for people. */
export interface NgramFacts {
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

export interface NgramFit {
  readonly model: NgramModel;
  readonly kept: KeptData;
  readonly facts: NgramFacts;
}

/** What fits on the same sequences share. */
interface Counted {
  readonly sequences: Int32Array;
  readonly digests: KeptData['digests'];
  readonly gaps: readonly number[];
  readonly judges: Int32Array;
  readonly material: NgramMaterial;
}

export interface FitterOptions extends StopRequests {
  /** Called with what a person should know. */
  readonly onEvent?: ((event: Notice) => void) | undefined;
}

/** Fits one after the other. What does not depend on labels is worked out once for all that read the same sequences. */
export class NgramFitter {
  readonly #store: StoreOnDisk;
  readonly #options: FitterOptions;
  #counted: (Counted & { readonly of: string }) | undefined;

  constructor(store: StoreOnDisk, options: FitterOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** @throws LockstepError DATA_INVALID; INTERRUPTED, TERMINATED */
  async fit(config: NgramConfig): Promise<NgramFit> {
    const store = this.#store;
    refuseOtherData(store);
    refuseWithoutTarget('A fit', store.path, store.manifest);
    const { data } = config;
    const task = fitTaskOf(store);
    checkDraw(data.labelsPerClass, store.manifest.target);
    const labelled = labelledOf(config, store, this.#options);
    const { sequences, digests, gaps, judges, material } = await this.#count(
      config,
      fittedSequences(config, store, labelled.sequences),
    );
    const groups = await store.groups();
    const { model, choices, merit } = fitNgrams(material, {
      task,
      labelled: placesIn(sequences, labelled.sequences),
      y: headTargets(store, labelled.sequences),
      judgesY: headTargets(store, judges),
      groups: Array.from(judges.length > 0 ? judges : labelled.sequences, (one) => groups[one]!),
      merit: (scores, y) => meritOfScores(task, scores, y).value,
      rowMerits: (scores, y) => meritsOfRows(task, scores, y),
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

  async #count(config: NgramConfig, sequences: Int32Array): Promise<Counted> {
    const { seed, data, model } = config;
    const of = JSON.stringify([seed, data.split, model, [...sequences]]);
    if (this.#counted?.of === of) return this.#counted;
    const store = this.#store;
    const symbols = symbolsOf(store);
    const { orders, buckets } = model;
    const read = (some: Int32Array) =>
      untilStopped(
        sequenceValues(store, some),
        this.#options,
        'the fit',
      ) as AsyncIterable<Int32Array>;
    const digests = await digestsOf(read(sequences), sequences.length);
    const gaps = await findGaps(config, symbols, read(sequences));
    const judges =
      data.split === 'validation' ? NONE : labelledSequences(store, 'validation', seed);
    const material = await countNgrams({
      features: { symbols, orders, gaps, buckets },
      fitted: read(sequences),
      judges: read(judges),
    });
    this.#counted = { of, sequences, digests, gaps, judges, material };
    return this.#counted;
  }
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
  { onEvent = () => {} }: FitterOptions,
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
