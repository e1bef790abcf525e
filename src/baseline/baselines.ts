/** The strongest simple rivals of a network, on a dataset's own splits and label draws. */
import { LockstepError } from '../core/errors.ts';
import { openStore, type StoreOnDisk } from '../data/format/open-store.ts';
import { refuseWithoutTarget } from '../data/no-target.ts';
import { drawGroups } from '../statistics/group-bootstrap.ts';
import type { Baseline } from './baseline.ts';
import { readExamples } from './examples.ts';
import { familyOf } from './family-of.ts';
import { drawLabels, type LabelCount, type LabelDraws, labelledSequences } from './label-draws.ts';
import { majority } from './majority.ts';
import { type Measuring, measureCell } from './measure.ts';
import { notesOf } from './notes.ts';
import type { BaselineResult, BaselinesReport } from './report.ts';
import { targetOf } from './target.ts';

export interface BaselinesOptions {
  /** Folder of the dataset. */
  readonly store: string;
  /**
   * How many labels: of each class, or in all where sequences have no class each.
   * @default 5, 10, 50 and all, or ten times as many in all; those that there are
   */
  readonly labels?: readonly LabelCount[] | undefined;
  /** Draws of so many labels. @default 8 */
  readonly draws?: number | undefined;
  /** As a run's: with it, draw k has the very sequences of a phase with `data.draw: k`. @default 1 */
  readonly seed?: number | undefined;
  /** Called with a sentence on what is being done. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

/**
 * Trains each baseline on each draw of labels, chooses what there is to choose on the validation split, and measures it
 * on whole sequences of the test split. Needs no engine.
 * @throws LockstepError DATA_NOT_FOUND, DATA_INVALID for a dataset without what is needed, USAGE, STORE_CORRUPT
 * @example
 * const { baselines: rivals } = await baselines({ store: 'data/mine', labels: [10, 'all'] });
 * for (const { name, cells } of rivals) console.log(name, cells[0].mean, cells[0].low, cells[0].high);
 */
export async function baselines(options: BaselinesOptions): Promise<BaselinesReport> {
  const started = performance.now();
  const store = await openStore(options.store);
  try {
    const report = await reportOn(store, options);
    return { ...report, seconds: (performance.now() - started) / 1000 };
  } finally {
    await store.close();
  }
}

async function reportOn(
  store: StoreOnDisk,
  { labels, draws = 8, seed = 1, onProgress: tell = () => {} }: BaselinesOptions,
): Promise<Omit<BaselinesReport, 'seconds'>> {
  const { manifest } = store;
  refuseWithoutTarget('A baseline', store.path, manifest);
  const target = targetOf(manifest.target, manifest.classes.length);
  if (target.kind === 'class' && target.size < 2) throw oneClass(store.path);
  const counts = drawLabels(store, { labels, draws, seed });
  const test = labelledSequences(store, 'test', seed);
  if (test.length === 0) throw nothingToTest(store.path);
  const validation = labelledSequences(store, 'validation', seed);
  const training = counts.flatMap((count) => count.draws.flatMap((draw) => [...draw]));
  const family = familyOf(store);
  tell(`Reading ${new Set([...training, ...validation, ...test]).size} sequences`);
  const parts = { training, validation, test };
  const examples = await readExamples(store, target.kind, parts, [family.read]);
  const { groups, count, isOneGroup } = groupsOf(await store.groups(), test);
  const measuring = { examples, target, groups, resamples: drawGroups(count, seed) };
  const rivals = family.make(examples, target);
  const { results, chances } = measureAll(measuring, rivals.baselines, counts, tell);
  const ids = await store.ids();
  const named = (sequences: Int32Array) => Array.from(sequences, (sequence) => ids[sequence]!);
  const facts = {
    dataset: store.path,
    contentHash: manifest.contentHash,
    task: target.kind,
    merit: target.merit,
    seed,
    testSequences: named(test),
    testGroups: Array.from(groups),
    validationSequences: validation.length,
    baselines: results,
  };
  const labelCounts = counts.map(({ labels: of, unit, draws: all }, column) => ({
    labels: of,
    unit,
    draws: all.map(named),
    best: bestOf(results, column),
    chance: chances[column]!,
  }));
  const notes = notesOf({
    store,
    counts,
    test,
    testGroups: count,
    isOneGroup,
    leftOut: rivals.leftOut,
  });
  return { ...facts, labelCounts, notes };
}

function measureAll(
  measuring: Measuring,
  rivals: readonly Baseline[],
  counts: readonly LabelDraws[],
  tell: (text: string) => void,
): { results: BaselineResult[]; chances: number[] } {
  const { examples, target } = measuring;
  const drawsOf = ({ draws }: LabelDraws) => draws.map((draw) => examples.placesOf(draw));
  const constant = majority(examples, target);
  const cells = counts.map((count) => measureCell(measuring, constant, drawsOf(count), undefined));
  const blind = target.kind === 'class' ? 1 / target.size : 0;
  const chances = cells.map(({ mean }) => Math.max(mean, blind));
  const first = { name: constant.name, about: constant.about, cells };
  const others = rivals.map((baseline) => {
    tell(`Fitting ${baseline.name}: ${baseline.about}`);
    const { name, about } = baseline;
    return {
      name,
      about,
      cells: counts.map((count, column) =>
        measureCell(measuring, baseline, drawsOf(count), chances[column]),
      ),
    };
  });
  return { results: [first, ...others], chances };
}

/** By validation, so that the test split chooses nothing. */
function bestOf(results: readonly BaselineResult[], column: number): string | null {
  const figure = ({ cells }: BaselineResult) => cells[column]!.validation;
  if (figure(results[0]!) === null) return null;
  return results.reduce((a, b) => (figure(b)! > figure(a)! ? b : a)).name;
}

/** Groups of the test sequences by number; where all are of one group, each counts as its own. */
function groupsOf(
  all: readonly string[],
  test: Int32Array,
): { groups: Int32Array; count: number; isOneGroup: boolean } {
  const numbers = new Map<string, number>();
  const groups = test.map((sequence) => {
    const name = all[sequence]!;
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
  const isOneGroup = numbers.size === 1;
  if (!isOneGroup) return { groups, count: numbers.size, isOneGroup };
  return { groups: test.map((_, i) => i), count: test.length, isOneGroup };
}

function nothingToTest(path: string): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Baselines are measured on the test split, but no test sequence of the dataset "${path}" has a target.`,
    'Import it with labelled test sequences.',
  );
}

function oneClass(path: string): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Baselines tell classes apart, but all labelled sequences of the dataset "${path}" are of one class.`,
    'Import it with labels of at least two classes.',
  );
}
