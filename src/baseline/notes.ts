/** What a reader must know of the data to take the figures for what they are. */
import { type Store, UNLABELLED } from '../data/format/store.ts';
import type { LabelDraws } from './label-draws.ts';
import { countLabelled } from './label-draws.ts';

interface Facts {
  readonly store: Pick<Store, 'index' | 'manifest' | 'path'>;
  readonly counts: readonly LabelDraws[];
  readonly test: Int32Array;
  readonly testGroups: number;
  /** Whether the test sequences are all of one group, so that each counts as its own. */
  readonly isOneGroup: boolean;
  readonly leftOut: readonly string[];
}

/** Above this share that draws have in common, their spread says little of other labels. */
const MUCH = 0.5;
/** Fewer test sequences of a class or fewer test groups say little. */
const FEW = 10;

export function notesOf(facts: Facts): string[] {
  return [
    ...facts.counts.flatMap(drawNotes),
    ...testNotes(facts),
    ...validationNotes(facts),
    ...facts.leftOut,
  ];
}

function drawNotes({ labels, unit, asked, draws, overlap, of }: LabelDraws): string[] {
  const what = `${labels} ${unit}`;
  if (labels === 'all') {
    const taken =
      of === undefined ? [] : [`all: ${draws[0]!.length} of ${of} sequences, drawn once.`];
    return [...taken, 'all: one set of labels, so the interval is of the test sequences alone.'];
  }
  if (asked === 1) return [`${what}: one draw, so the interval is of the test sequences alone.`];
  if (draws.length === 1) {
    return [
      `${what}: that is all there is. All ${asked} draws are the same set, so the interval is of the test sequences alone.`,
    ];
  }
  if (overlap <= MUCH) return [];
  const share = Math.round(100 * overlap);
  return [`${what}: two draws share ${share} % of their sequences, so the interval is too narrow.`];
}

function testNotes({ store, test, testGroups, isOneGroup }: Facts): string[] {
  const { index, manifest } = store;
  const all = countLabelled(store, 'test');
  const notes = [];
  if (test.length < all) notes.push(`Test: ${test.length} of ${all} sequences, drawn once.`);
  if (isOneGroup) {
    notes.push(
      'All test sequences are of one group: each counts as its own, so the interval is too narrow.',
    );
  } else if (testGroups < FEW) {
    notes.push(`The test split has ${testGroups} groups only: its interval is rough.`);
  }
  if (manifest.target.kind !== 'class') return notes;
  const perClass = new Array<number>(manifest.classes.length).fill(0);
  for (const sequence of test) {
    const label = index.labels[sequence]!;
    if (label !== UNLABELLED) perClass[label]!++;
  }
  const rare = manifest.classes.filter((_, label) => perClass[label]! < FEW);
  if (rare.length === 0) return notes;
  const fewest = Math.min(...perClass);
  const have = rare.length === 1 ? 'has' : 'have';
  return [
    ...notes,
    `${rare.length} of ${perClass.length} classes ${have} fewer than ${FEW} test sequences (the rarest ${fewest}).`,
  ];
}

function validationNotes({ store }: Facts): string[] {
  if (countLabelled(store, 'validation') > 0) return [];
  return [
    'No validation sequence has a label: settings were chosen by five-fold cross-validation of the labelled sequences.',
  ];
}
