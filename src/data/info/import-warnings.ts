/** What looks wrong with a dataset that could be written: sentences for its report. Pure. */

import { listNames } from '../../core/name-list.ts';
import { nonFiniteNumber } from '../../core/non-finite.ts';
import { SPLITS, type Split, type ValueType } from '../format/store.ts';
import type { DataTarget } from '../format/target.ts';
import type { SkipReason } from '../record.ts';
import type { Tally } from './import-report.ts';

/** The type of the values, where it follows from them. */
export interface InferredType {
  readonly valueType: ValueType;
  /** Sequences with values that no integer type holds. */
  readonly reals: Tally;
}

/** What an import kept. */
export interface KeptData {
  /** What there is to learn of the sequences. */
  readonly target: DataTarget['kind'];
  /** Labelled sequences, by class and split. */
  readonly classes: readonly {
    readonly name: string;
    readonly bySplit: Readonly<Record<Split, number>>;
  }[];
  /** Length of each sequence. */
  readonly lengths: readonly number[] | Int32Array;
  /** Whether any sequence is for training. */
  readonly hasTraining: boolean;
  /** Why sequences were left out. */
  readonly skipped?: ReadonlySet<SkipReason>;
  /** Groups with sequences of several classes. */
  readonly mixedGroups?: Tally;
  /** Equal sequences that the source puts into different splits. */
  readonly acrossSplits?: Tally;
  readonly inferred?: InferredType | undefined;
  /** Sequences whose values float32 is too coarse for. */
  readonly rounded?: Tally;
  /** Sequences in long form between whose timesteps are gaps. */
  readonly unevenTimes?: Tally;
  /** Sequences by their sampling rate, in hertz. */
  readonly sampleRates?: ReadonlyMap<number, Tally>;
}

/** Fewer sequences say nothing. */
const FEWEST = 3;
/** A name of so many words is a list. */
const MANY_WORDS = 12;

export function importWarnings(kept: KeptData): string[] {
  const names = kept.classes.map(({ name }) => name);
  return [
    ...rareClasses(kept),
    ...oneClass(kept),
    ...listNamesOfClasses(kept),
    ...similarNames(names),
    ...missingNames(names),
    ...withoutTraining(kept),
    ...singleValues(kept),
    ...tallied(kept.mixedGroups, 'group has', 'groups have', 'sequences of several classes'),
    ...tallied(
      kept.acrossSplits,
      'sequence stands',
      'sequences stand',
      'in two of the given splits; the first by name was kept',
    ),
    ...fewReals(kept),
    ...roundedShapes(kept),
    ...tallied(
      kept.unevenTimes,
      'sequence has',
      'sequences have',
      'unevenly spaced times; rows became timesteps one behind the other, whatever lies between',
    ),
    ...severalRates(kept),
    ...unread(kept),
    ...withoutLabels(kept),
  ];
}

function tallied(tally: Tally | undefined, one: string, many: string, what: string): string[] {
  if (tally === undefined || tally.count === 0) return [];
  const { count, examples } = tally;
  const more = count > examples.length ? ', …' : '';
  return [`${count} ${count === 1 ? one : many} ${what}: ${examples.join(', ')}${more}`];
}

/** Sequences with real values among so many more of integers look like errors. */
const FEW_SHARE = 0.05;

function fewReals({ inferred, lengths }: KeptData): string[] {
  const reals = inferred?.reals;
  if (reals === undefined || reals.count === 0 || reals.count > FEW_SHARE * lengths.length) {
    return [];
  }
  const all = `so all ${lengths.length} have float32; --value-type uint16 keeps integers and leaves out others`;
  return tallied(
    reals,
    'sequence has',
    'sequences have',
    'values that are not integers from 0 to 65535',
  ).map((found) => `${found}, ${all}`);
}

/** The numbers of one sequence are enough. */
function roundedShapes({ rounded }: KeptData): string[] {
  if (rounded === undefined || rounded.count === 0) return [];
  const { count, examples } = rounded;
  const who = count === 1 ? '1 sequence' : `${count} sequences`;
  return [
    `float32 is too coarse for the shape of ${who}, such as ${examples[0]}: subtract a constant before the import`,
  ];
}

function severalRates({ sampleRates = new Map() }: KeptData): string[] {
  if (sampleRates.size < 2) return [];
  const rates = [...sampleRates].map(
    ([rate, { count, examples }]) => `${rate} Hz (${count}, such as ${examples[0]})`,
  );
  return [
    `sounds have several sampling rates: ${listNames(rates, 4)}; give them one rate before the import, or import each by itself`,
  ];
}

/** Options that would have kept sequences. */
function unread({ skipped = new Set() }: KeptData): string[] {
  return [
    ...(skipped.has('not-integer')
      ? ['--value-type float32 keeps values that are not integers']
      : []),
    ...(skipped.has('not-finite')
      ? [
          '--missing strip-tail keeps sequences that end in missing values, --missing interpolate fills missing values in',
        ]
      : []),
  ];
}

function withoutLabels({ target }: KeptData): string[] {
  if (target !== 'none') return [];
  return [
    'no sequence has a label, so this dataset serves pretraining only: in a table, --label names the column of the classes',
  ];
}

function rareClasses({ target, classes }: KeptData): string[] {
  if (target !== 'class') return [];
  const sizes = classes.map(({ bySplit }) =>
    SPLITS.reduce((sum, split) => sum + bySplit[split], 0),
  );
  const labelled = sizes.reduce((a, b) => a + b, 0);
  const alone = sizes.filter((size) => size === 1).length;
  if (classes.length < FEWEST) return [];
  if (labelled === classes.length) {
    return [
      `there are as many classes as labelled sequences (${labelled}): is the label an id, or a measured number? --target names a column of numbers`,
    ];
  }
  if (alone * 2 <= classes.length) return [];
  return [`${alone} of ${classes.length} classes have one sequence: is the label a category?`];
}

/** Nothing to tell apart. */
function oneClass({ target, classes }: KeptData): string[] {
  if (target !== 'class' && target !== 'timestep-class') return [];
  const used = classes.filter(({ bySplit }) => SPLITS.some((split) => bySplit[split] > 0));
  const [only] = used;
  if (only === undefined || used.length > 1) return [];
  const what = target === 'class' ? 'labelled sequences' : 'timesteps with a label';
  return [
    `all ${what} are of the class ${listNames([only.name])}: a classifier needs two classes or more`,
  ];
}

/** Names that are lists: of classes, or of one for each timestep. */
function listNamesOfClasses({ target, classes }: KeptData): string[] {
  if (target !== 'class') return [];
  const names = new Set(classes.map(({ name }) => name));
  const partsOf = (name: string) => name.split(/[|;,]/).map((part) => part.trim());
  const several = [...names].filter((name) => {
    const parts = partsOf(name);
    return parts.length > 1 && parts.some((part) => names.has(part));
  });
  const steps = [...names].filter((name) => name.trim().split(/[\s,;]+/).length >= MANY_WORDS);
  return [
    ...(several.length === 0
      ? []
      : [
          `classes that join others (${listNames(several, 3)}): --labels reads several classes of a sequence`,
        ]),
    ...(steps.length * 2 <= names.size
      ? []
      : ['classes are long lists: --timestep-labels reads a class for each timestep']),
  ];
}

function similarNames(names: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const key = foldedName(name);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  const similar = [...groups.values()].filter((group) => group.length > 1);
  if (similar.length === 0) return [];
  const list = listNames(similar.map((group) => group.map((name) => `"${name}"`).join(' = ')));
  return [`classes differ only by case, spaces, number format or Unicode form: ${list}`];
}

/** A double holds numbers of so many digits; longer ones may only look equal. */
const EXACT_DIGITS = 15;

/** Equal for names that a person takes for one. */
function foldedName(name: string): string {
  const visible = name.normalize('NFKC').replace(/\p{Cf}/gu, '');
  const text = visible.toLowerCase().replace(/\s+/g, ' ').trim();
  const number = Number(text);
  const isExact = text !== '' && Number.isFinite(number) && text.length <= EXACT_DIGITS;
  return isExact ? String(number) : text;
}

function missingNames(names: readonly string[]): string[] {
  const missing = names.filter((name) => Number.isNaN(nonFiniteNumber(name)));
  if (missing.length === 0) return [];
  const [what, verb] = missing.length === 1 ? ['class', 'looks'] : ['classes', 'look'];
  return [
    `${what} ${listNames(missing)} ${verb} like missing labels: leave such cells empty to import them without a label`,
  ];
}

function withoutTraining({ target, classes, hasTraining }: KeptData): string[] {
  const what = target === 'timestep-class' ? 'timestep' : 'sequence';
  if (!hasTraining) return [];
  const absent = classes.filter(({ bySplit }) => bySplit.train === 0).map(({ name }) => name);
  if (absent.length === 0) return [];
  return [
    absent.length === 1
      ? `class ${absent[0]} has no training ${what}`
      : `${absent.length} classes have no training ${what}: ${listNames(absent)}`,
  ];
}

function singleValues({ lengths }: KeptData): string[] {
  if (lengths.length < FEWEST || lengths.some((length) => length > 1)) return [];
  return [
    'each sequence has one value: in a table with a row for each timestep (long form), name the columns of ids and times with --id and --time',
  ];
}
