/** What looks wrong with a dataset that could be written: sentences for its report. Pure. */

import { formatNumber } from '../../core/format.ts';
import { listNames } from '../../core/name-list.ts';
import { nonFiniteNumber } from '../../core/non-finite.ts';
import { shellWord } from '../../core/program-name.ts';
import { isSummaryName } from '../../core/summary-name.ts';
import { SPLITS, type Split, type ValueType } from '../format/store.ts';
import type { DataTarget, NumberFacts } from '../format/target.ts';
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
  /** Classes of sequences that were left out. */
  readonly skippedClasses?: readonly string[];
  /** What importers say of sequences that they left out. */
  readonly skipAdvice?: string | undefined;
  /** Columns that no option names and that look like those of the classes and of the times. */
  readonly unused?: { readonly label?: string | undefined; readonly time?: string | undefined };
  /** Groups with sequences of several classes. */
  readonly mixedGroups?: Tally;
  /** Sequences that the source gives no split, although it gives others one. */
  readonly withoutSplit?: Tally;
  /** Integers that float32 rounds. */
  readonly roundedIntegers?: Tally;
  /** Smallest and largest value. */
  readonly valueRange?: { readonly minimum: number; readonly maximum: number };
  /** The numbers that sequences have as their target. */
  readonly numbers?: readonly NumberFacts[];
  /** Values of a timestep. */
  readonly channels?: number;
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
    ...timesAsClasses(kept),
    ...summaries(kept),
    ...listNamesOfClasses(kept),
    ...similarNames(names),
    ...missingNames(names),
    ...lostClasses(kept),
    ...withoutTraining(kept),
    ...singleValues(kept),
    ...shortOfTimesteps(kept),
    ...sentinels(kept),
    ...sameValues(kept),
    ...sameNumbers(kept),
    ...tallied(kept.mixedGroups, 'group has', 'groups have', 'sequences of several classes'),
    ...tallied(
      kept.acrossSplits,
      'sequence stands',
      'sequences stand',
      'in two of the given splits; the first by name was kept',
    ),
    ...tallied(
      kept.withoutSplit,
      'sequence has',
      'sequences have',
      'no given split, unlike others, so their groups were dealt out',
    ),
    ...fewReals(kept),
    ...tallied(
      kept.roundedIntegers,
      'sequence has',
      'sequences have',
      'integers beyond 2^24, which float32 rounds',
    ),
    ...roundedShapes(kept),
    ...tallied(
      kept.unevenTimes,
      'sequence has',
      'sequences have',
      'unevenly spaced times; rows became timesteps one behind the other, whatever lies between',
    ),
    ...severalRates(kept),
    ...unread(kept),
    ...unusedTimes(kept),
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

/** What would have kept sequences. */
function unread({ skipped = new Set(), skipAdvice }: KeptData): string[] {
  return [
    ...(skipAdvice === undefined ? [] : [`text that is not a number: ${skipAdvice}`]),
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

/** A row of several channels looks like a sequence. */
function unusedTimes({ unused: { time } = {} }: KeptData): string[] {
  if (time === undefined) return [];
  return [
    `each row was read as one sequence, and its column "${time}" was not read: if each row is a timestep, --time ${shellWord(time)} says so, with --id for the column that says whose`,
  ];
}

function withoutLabels({ target, unused: { label } = {} }: KeptData): string[] {
  if (target !== 'none') return [];
  const hint =
    label === undefined
      ? 'in a table, --label names the column of the classes'
      : `--label ${shellWord(label)} takes the classes from the column "${label}"`;
  return [`no sequence has a label, so this dataset serves pretraining only: ${hint}`];
}

function rareClasses({ target, classes }: KeptData): string[] {
  if (target !== 'class') return [];
  const sizes = classes.map(({ bySplit }) => sizeOf(bySplit));
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

/** Without a word, a classifier would never know of them. */
function lostClasses({ target, classes, skippedClasses = [] }: KeptData): string[] {
  if (target !== 'class' && target !== 'none') return [];
  const kept = new Set(classes.map(({ name }) => name));
  const lost = skippedClasses.filter((name) => !kept.has(name));
  if (lost.length === 0) return [];
  return [
    lost.length === 1
      ? `class ${lost[0]} is lost: all of its sequences were left out`
      : `${lost.length} classes are lost, since all of their sequences were left out: ${listNames(lost)}`,
  ];
}

/** A class of one sequence that is called as a row of sums is. */
function summaries({ target, classes }: KeptData): string[] {
  if (target !== 'class') return [];
  const found = classes.filter(({ name, bySplit }) => isSummaryName(name) && sizeOf(bySplit) === 1);
  return found.map(
    ({ name }) =>
      `class ${name} has one sequence and the name of a row of sums: if it is one, remove it`,
  );
}

const sizeOf = (bySplit: Readonly<Record<Split, number>>): number =>
  SPLITS.reduce((sum, split) => sum + bySplit[split], 0);

/** Dates, times of day and seconds or milliseconds since 1970, as labels. */
const TIME =
  /^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{8}T\d{4,6}|1[0-9]{9}|1[0-9]{12})([T ].*)?$|^\d{1,2}:\d\d(:\d\d\S*)?( ?[ap]m)?$/i;

/** A column of times is no column of classes. */
function timesAsClasses({ target, classes }: KeptData): string[] {
  const names = classes.map(({ name }) => name.trim());
  if (target !== 'class' || names.length < 2 || !names.every((name) => TIME.test(name))) return [];
  return [
    `the classes look like dates or times (${listNames(names, 2)}): is the label a time stamp? In a table with a row for each timestep, --time names it`,
  ];
}

function withoutTraining({ target, classes, hasTraining }: KeptData): string[] {
  const what = target === 'timestep-class' ? 'timestep' : 'sequence';
  if (!hasTraining) return ['no sequence is for training: this dataset serves evaluation only'];
  const absent = classes.filter(({ bySplit }) => bySplit.train === 0).map(({ name }) => name);
  if (absent.length === 0) return [];
  return [
    absent.length === 1
      ? `class ${absent[0]} has no training ${what}`
      : `${absent.length} classes have no training ${what}: ${listNames(absent)}`,
  ];
}

/** Axes in the wrong order. */
function shortOfTimesteps({ lengths, channels = 1 }: KeptData): string[] {
  if (channels < FEWEST || lengths.some((length) => length >= channels)) return [];
  return [
    `each sequence has more channels (${channels}) than timesteps: if the axes are the wrong way round, say --channels first or last`,
  ];
}

/** What loggers, CDO, netCDF and satellites write for a missing value. */
const SENTINELS: ReadonlySet<number> = new Set(
  [-999, -9999, -99999, -999.9, -9999.9, -999.99, 9999, 99999, 999999, 9999.9, 1e20, 1e30, 1e36]
    .concat([9.969209968386869e36, -3.4028234663852886e38, 3.4028234663852886e38])
    .map(Math.fround),
);

/** Only the extremes: among other values it may be one of them. */
function sentinels({ valueRange, inferred, lengths }: KeptData): string[] {
  if (valueRange === undefined || inferred?.valueType === 'uint8') return [];
  const { minimum, maximum } = valueRange;
  const found = [minimum, maximum].filter((value) => SENTINELS.has(Math.fround(value)));
  if (found.length === 0 || lengths.length === 0 || minimum === maximum) return [];
  const shown = found.map((value) => String(Number(value.toPrecision(6))));
  return [
    `the ${found[0] === minimum ? 'smallest' : 'largest'} value is ${listNames(shown)}, which often stands for a missing one: if so, write NaN or an empty cell instead, and see --missing`,
  ];
}

/** Of such values nothing can be learnt. */
function sameValues({ valueRange, lengths }: KeptData): string[] {
  if (valueRange === undefined || lengths.length < FEWEST) return [];
  const { minimum, maximum } = valueRange;
  if (minimum !== maximum) return [];
  return [`all values are ${formatNumber(minimum)}: are they of another column?`];
}

function sameNumbers({ numbers = [], lengths, hasTraining }: KeptData): string[] {
  if (lengths.length < FEWEST || !hasTraining) return [];
  const same = numbers.filter(({ deviation }) => deviation === 0);
  return same.map(
    ({ name, mean }) => `the number ${name} is ${formatNumber(mean)} for all training sequences`,
  );
}

function singleValues({ lengths }: KeptData): string[] {
  if (lengths.length < FEWEST || lengths.some((length) => length > 1)) return [];
  return [
    'each sequence has one value: in a table with a row for each timestep (long form), name the columns of ids and times with --id and --time',
  ];
}
