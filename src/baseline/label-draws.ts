/** Which labelled sequences baselines are trained on: the same ones that a phase of a run with this seed draws. */
import { subsetSection } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { SPLITS, type Split, type Store, UNLABELLED } from '../data/format/store.ts';
import { selectSubset } from '../data/plan/subset.ts';

/** So many labels, or all. */
export type LabelCount = number | 'all';

export interface LabelDraws {
  readonly labels: LabelCount;
  readonly unit: 'labels a class' | 'labelled sequences';
  /** Numbers in the store of each draw's sequences, ascending; one draw where all would be the same. */
  readonly draws: readonly Int32Array[];
  /** How many draws were asked for. */
  readonly asked: number;
  /** Mean share of a draw's sequences that another draw has too; 1 when all are the same. */
  readonly overlap: number;
  /** Labelled training sequences that there are, where `all` takes fewer. */
  readonly of?: number;
}

export interface LabelRequest {
  /** @default those of `DEFAULT_LABELS` that there are */
  readonly labels?: readonly LabelCount[] | undefined;
  readonly draws: number;
  readonly seed: number;
}

type LabelledStore = Pick<Store, 'index' | 'manifest' | 'path'>;

const DEFAULT_LABELS: readonly LabelCount[] = [5, 10, 50, 'all'];
/** For each label a class, so many sequences where sequences have no class each: as in a study. */
const SEQUENCES_PER_LABEL = 10;
/** More sequences cost minutes and change little. */
const MOST: Readonly<Record<Split, number>> = { train: 2000, validation: 1000, test: 5000 };

/** @throws LockstepError USAGE, or DATA_INVALID for more labels than there are */
export function drawLabels(store: LabelledStore, request: LabelRequest): LabelDraws[] {
  refuseUnfit(request);
  const counts = request.labels ?? availableCounts(store);
  return counts.map((labels) => drawsOf(store, labels, request));
}

/** The labelled sequences of a split that are looked at, by their numbers in the store; none when there are none. */
export function labelledSequences(store: LabelledStore, split: Split, seed: number): Int32Array {
  if (countLabelled(store, split) === 0) return new Int32Array(0);
  return select(store, { split, maxSequences: MOST[split] }, seed);
}

/** Sequences of a split with a target. */
export function countLabelled({ index }: LabelledStore, split: Split): number {
  const number = SPLITS.indexOf(split);
  let count = 0;
  for (let i = 0; i < index.labels.length; i++) {
    if (index.splits[i] === number && index.labels[i] !== UNLABELLED) count++;
  }
  return count;
}

function refuseUnfit({ labels = [], draws, seed }: LabelRequest): void {
  const wrong = labels.find((one) => one !== 'all' && !(Number.isInteger(one) && one > 0));
  if (wrong !== undefined) throw usage(`${wrong} is no number of labels.`, '5,10,50,all');
  if (!(Number.isInteger(draws) && draws > 0)) throw usage(`${draws} is no number of draws.`, '8');
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw usage(`${seed} is no seed.`, '1');
  }
}

const usage = (message: string, example: string): LockstepError =>
  new LockstepError('USAGE', message, `Give positive whole numbers, such as ${example}.`);

function availableCounts(store: LabelledStore): LabelCount[] {
  const isPerClass = store.manifest.target.kind === 'class';
  const most = isPerClass
    ? Math.min(...store.manifest.splits.train.perClass)
    : countLabelled(store, 'train');
  const scale = isPerClass ? 1 : SEQUENCES_PER_LABEL;
  return DEFAULT_LABELS.map((one) => (one === 'all' ? one : one * scale)).filter(
    (one) => one === 'all' || one <= most,
  );
}

function drawsOf(store: LabelledStore, labels: LabelCount, request: LabelRequest): LabelDraws {
  const { draws: asked, seed } = request;
  const isPerClass = store.manifest.target.kind === 'class';
  const unit = isPerClass ? 'labels a class' : 'labelled sequences';
  if (labels === 'all') {
    const all = countLabelled(store, 'train');
    const draw = select(store, { split: 'train', maxSequences: MOST.train }, seed);
    const of = draw.length < all ? { of: all } : {};
    return { labels, unit, draws: [draw], asked: 1, overlap: 1, ...of };
  }
  const count = isPerClass ? { labelsPerClass: labels } : { labelledSequences: labels };
  const draws = Array.from({ length: asked }, (_, draw) =>
    select(store, { split: 'train', ...count, draw }, seed),
  );
  const overlap = overlapOf(draws);
  const isOne = asked > 1 && overlap === 1;
  return { labels, unit, draws: isOne ? draws.slice(0, 1) : draws, asked, overlap };
}

function select(
  { index, manifest }: LabelledStore,
  subset: Parameters<typeof subsetSection.parse>[0],
  seed: number,
): Int32Array {
  const parsed = subsetSection.parse(subset);
  const { classes } = manifest;
  return selectSubset({ index, classes, subset: parsed, seed, labelled: true }).sequences;
}

function overlapOf(draws: readonly Int32Array[]): number {
  if (draws.length === 1) return 0;
  const sets = draws.map((draw) => new Set(draw));
  let [shared, all] = [0, 0];
  for (const [i, draw] of draws.entries()) {
    for (const other of sets.slice(i + 1)) {
      all += draw.length;
      for (const sequence of draw) if (other.has(sequence)) shared++;
    }
  }
  return shared / all;
}
