/**
 * From raw records to a store: check, spill, drop duplicates, apply the caps, split by group, write. The
 * result depends on the records and the options only, not on the order of the records.
 */
import { LockstepError } from '../../core/errors.ts';
import { filled } from '../../core/typed-arrays.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import type { ValueGatherer } from '../../data/format/gather-values.ts';
import type { OrderedRows } from '../../data/format/ordered-rows.ts';
import { orderByLength } from '../../data/format/radix-sort.ts';
import { refuseTarget } from '../../data/format/refuse-target.ts';
import { SPLITS, type Split, type StoreManifest, UNLABELLED } from '../../data/format/store.ts';
import type { DataTarget } from '../../data/format/target.ts';
import { allocateValues } from '../../data/format/values.ts';
import { writeStore } from '../../data/format/write-store.ts';
import {
  type ImportReport,
  type LabelConflict,
  NameTally,
  type Tally,
} from '../../data/info/import-report.ts';
import { importWarnings } from '../../data/info/import-warnings.ts';
import {
  type ImportItem,
  isSkip,
  type RawRecord,
  type RawSkip,
  SKIP_REASONS,
  type SkipReason,
} from '../../data/record.ts';
import { assignFold, assignSplits } from './assign-splits.ts';
import {
  type BuildOptions,
  type ImportProgress,
  type ResolvedOptions,
  resolveOptions,
} from './build-options.ts';
import type { ValueLimits } from './check-values.ts';
import { gatherHere, type SpilledRow, type SpillGatherer } from './gather-spilled.ts';
import { groupRows, mixedGroups } from './groups.ts';
import { classesOf, classNames, refuseRepeatedIds } from './labels.ts';
import { withoutMissing } from './missing-values.ts';
import { isBatch, type ReadItems } from './read-items.ts';
import { coarseRounding, RecordSigns } from './record-signs.ts';
import { RecordTable, type SpilledRecord } from './record-table.ts';
import { applyCaps, dropDuplicates } from './select-records.ts';
import { Spill } from './spill.ts';
import { readWidened, type SpillShape } from './spilled-values.ts';
import { TargetTable } from './target-table.ts';
import { digestBeforeRounding } from './value-digest.ts';
import { ValueTypes } from './value-types.ts';

const CONFLICT_EXAMPLES = 5;
/** Those of more are no classes. */
const MOST_SKIPPED_CLASSES = 10_000;
/** While reading, calls `onProgress` once for this many records. */
const PROGRESS_EVERY = 256;

/**
 * Reads all `items` and writes the store `options.target`.
 * @param makeGatherer says where the values are put in their final order
 * @throws LockstepError USAGE (bad option, target exists); DATA_INVALID (two records with one id, a label
 * outside `classes`, a group with two given splits, several numbers of channels, two kinds of targets, no record
 * left); and whatever the source throws
 */
export async function buildStore(
  items: ReadItems,
  options: BuildOptions,
  makeGatherer: () => SpillGatherer = gatherHere,
): Promise<ImportReport> {
  const { onProgress = () => {}, ...given } = options;
  const resolved = resolveOptions(given);
  await refuseTarget(resolved.target, resolved.overwrite);
  const spill = Spill.beside(resolved.target);
  const targets = new TargetTable(resolved.target);
  const gatherer = makeGatherer();
  try {
    return await new StoreBuild(resolved, { spill, targets, gatherer }, onProgress).run(items);
  } finally {
    await gatherer.close();
    await targets.close();
    await spill.close();
  }
}

interface BuiltRow extends SpilledRow {
  /** Number of its record in the tables. */
  readonly record: number;
}

interface BuiltRows {
  readonly rows: OrderedRows<BuiltRow>;
  /** Groups in each split. */
  readonly groups: Readonly<Record<Split, number>>;
  /** Undefined for one class each, or none. */
  readonly target: DataTarget | undefined;
  /** The class of each timestep, or UNLABELLED. */
  readonly timestepsOf: (row: BuiltRow) => Int32Array;
}

/** What was read of the records, and what puts their values in order. */
interface Tables {
  readonly gatherer: SpillGatherer;
  readonly spill: Spill;
  readonly targets: TargetTable;
}

/** What the report says of the sequences that stayed. */
interface Kept extends Pick<BuiltRows, 'groups'> {
  readonly lengths: Int32Array;
  readonly conflicts: readonly LabelConflict[];
}

class StoreBuild {
  readonly #options: ResolvedOptions;
  readonly #spill: Spill;
  readonly #targets: TargetTable;
  readonly #gatherer: SpillGatherer;
  readonly #onProgress: (progress: ImportProgress) => void;
  readonly #skipped = new Map<SkipReason, NameTally>();
  /** Classes that skipped sequences have: some of them may have no other. */
  readonly #skippedClasses = new Set<string>();
  /** What importers say of sequences that they skipped; the first by name. */
  #skipAdvice: string | undefined;
  readonly #truncated = new NameTally(compareUtf8);
  readonly #stripped = new NameTally(compareUtf8);
  readonly #filled = new NameTally(compareUtf8);
  readonly #gaps = new NameTally(compareUtf8);
  /** Of the first record. */
  #channels: number | undefined;
  #limits: ValueLimits | undefined;
  readonly #mixedGroups = new NameTally(compareUtf8);
  readonly #acrossSplits = new NameTally(compareUtf8);
  /** Sequences without a given split, where others have one. */
  #withoutSplit: Tally | undefined;
  readonly #signs = new RecordSigns();
  readonly #types: ValueTypes;
  #read = 0;

  constructor(
    options: ResolvedOptions,
    { spill, targets, gatherer }: Tables,
    onProgress: (progress: ImportProgress) => void,
  ) {
    this.#options = options;
    this.#spill = spill;
    this.#targets = targets;
    this.#gatherer = gatherer;
    this.#onProgress = onProgress;
    this.#types = new ValueTypes(options.valueType, options.missing);
  }

  async run(items: ReadItems): Promise<ImportReport> {
    const table = await this.#readAll(items);
    const shape = this.#spillShape();
    this.#widenDigests(table, shape);
    const drop = (row: number, reason: SkipReason) =>
      this.#skip({ id: table.ids.at(row), skipped: reason, label: table.labels.at(row) });
    const all = table.rowsById();
    const { rows: different, conflicts } =
      this.#options.duplicates === 'keep'
        ? { rows: all, conflicts: [] }
        : dropDuplicates(table, this.#targets.descriptions, all, {
            onDropped: drop,
            onOtherSplit: (names) => this.#acrossSplits.add(names),
          });
    table.forgetDigests();
    refuseRepeatedIds(table, different);
    const { caps, seed } = this.#options;
    const kept = applyCaps(table, different, { ...caps, seed }, drop);
    if (kept.length === 0) throw this.#nothingLeft();
    const classes = this.#options.classes ?? this.#classNames(table, kept);
    this.#withoutSplit = withoutSplit(table, kept);
    const built = this.#toRows(table, kept, classes);
    const manifest = await this.#write(built, classes, this.#gatherer.begin(shape));
    const { rows, groups } = built;
    return this.#report(manifest, { lengths: rows.index.lengths, groups, conflicts });
  }

  #classNames(table: RecordTable, kept: Uint32Array): string[] {
    return this.#targets.isUsed ? this.#targets.classNames(kept) : classNames(table, kept);
  }

  /** The class of each row; where targets are of another kind, 0 for a row that has one. */
  #labelsOf(table: RecordTable, kept: Uint32Array, classes: readonly string[]): Int32Array {
    if (!this.#targets.isUsed) return classesOf(table, kept, classes);
    return filled(new Int32Array(kept.length), (position) =>
      this.#targets.has(kept[position]!) ? 0 : UNLABELLED,
    );
  }

  #nothingLeft(): LockstepError {
    const reasons = [...this.#skipped].map(([reason, tally]) => {
      const { count, examples } = tally.finish();
      return `${count} ${SKIP_REASONS[reason]} (${examples[0]}${count > 1 ? ', …' : ''})`;
    });
    const { isTemporary, name, target } = this.#options;
    const what = isTemporary
      ? `There is no sequence in "${name}"`
      : `Cannot write a dataset to "${target}"`;
    const read =
      this.#read === 0 ? 'nothing was found' : `none of ${this.#read} is left, skipped were`;
    return new LockstepError(
      'DATA_INVALID',
      `${what}: ${[read, reasons.join('; ')].filter((part) => part !== '').join(' ')}.`,
      this.#read === 0
        ? 'A table needs rows below its header; of a folder, look at --class-by and at what is excluded.'
        : this.#adviceOnSkipped(),
    );
  }

  #adviceOnSkipped(): string {
    if (this.#skipAdvice !== undefined) return this.#skipAdvice;
    if (this.#skipped.has('not-integer')) {
      return 'Add --value-type float32, which keeps values that are not integers.';
    }
    if (this.#skipped.has('unknown-letter')) {
      return 'Name the letters: --alphabet iupac, --alphabet protein, or the letters themselves.';
    }
    if (this.#skipped.has('flattened')) {
      return 'Subtract a constant from the values before the import, such as the first one.';
    }
    if (this.#skipped.has('no-class')) {
      return "Put the files into a folder for each class, or say --class-by none. Tables with columns of ids and classes are read by their files: 'FOLDER/*.csv'.";
    }
    if (!this.#skipped.has('not-finite')) {
      return 'Correct the data, or widen the limits that skipped them.';
    }
    return 'Correct the data; or fill missing values in with --missing interpolate, or cut them off the end with --missing strip-tail.';
  }

  async #readAll(items: ReadItems): Promise<RecordTable> {
    const table = new RecordTable();
    for await (const read of items) {
      for (const item of isBatch(read) ? read : [read]) {
        this.#take(item, table);
        if (this.#spill.isFull) await this.#flush();
        if (this.#targets.isFull) await this.#targets.flush();
      }
    }
    await this.#spill.finish();
    await this.#targets.finish();
    return table;
  }

  async #flush(): Promise<void> {
    this.#gatherer.expect(this.#spill.sizeBytes);
    await this.#spill.flush();
  }

  #take(item: ImportItem, table: RecordTable): void {
    this.#read++;
    if (this.#read % PROGRESS_EVERY === 0) this.#onProgress({ stage: 'reading', done: this.#read });
    const record = isSkip(item) ? this.#skip(item) : this.#accept(item);
    if (record !== undefined) table.push(record);
  }

  #accept(raw: RawRecord): SpilledRecord | undefined {
    const { missing } = this.#options;
    const channels = this.#channelsOf(raw);
    const rest = withoutMissing(raw, missing);
    const skip = (skipped: SkipReason, detail?: string) =>
      this.#skip({ id: raw.id, skipped, detail, label: raw.label });
    if (rest === undefined) return skip('all-missing');
    this.#limits ??= this.#limitsOf(channels);
    const checked = this.#types.check(raw.id, rest.record.values, this.#limits);
    if ('skipped' in checked) return skip(checked.skipped);
    const { facts } = checked;
    const rounding = coarseRounding(rest.record.values, checked.values, channels, facts);
    if (rounding?.isFlat) return skip('flattened', rounding.detail);
    if (rest.stripped > 0) this.#stripped.add(raw.id);
    if (rest.filled > 0) this.#filled.add(raw.id);
    if (rest.kept > 0) this.#gaps.add(raw.id);
    if (checked.truncated) this.#truncated.add(raw.id);
    this.#targets.push(rest.record, checked.length);
    this.#signs.look(rest.record, checked.values, rounding, facts);
    const offset = this.#spill.append(checked.values);
    this.#types.spilledAt(offset);
    return {
      id: raw.id,
      group: raw.group ?? raw.id,
      label: raw.label || undefined,
      split: raw.split,
      length: checked.length,
      offset,
      digest: digestBeforeRounding(rest.record.values, checked.values),
    };
  }

  #spillShape(): SpillShape {
    const { type: valueType, begins } = this.#types;
    return { file: this.#spill.file, valueType, begins, channels: this.#channels ?? 1 };
  }

  /** Equal values have equal digests, whether they were spilled before the type was settled or after. */
  #widenDigests(table: RecordTable, shape: SpillShape): void {
    const settledFrom = shape.begins.at(-1)?.offset ?? 0;
    for (let row = 0; row < table.length && table.offsetAt(row) < settledFrom; row++) {
      const values = allocateValues(shape.valueType, table.lengths.at(row) * shape.channels);
      readWidened(shape, table.offsetAt(row), values);
      table.replaceDigest(row, digestBeforeRounding(values, values));
    }
  }

  #limitsOf(channels: number): ValueLimits {
    const { length, largestValue, missing } = this.#options;
    return { ...length, largestValue, channels, keepsMissing: missing === 'mask' };
  }

  /** @throws LockstepError DATA_INVALID where it is not that of the records before */
  #channelsOf({ id, channels = 1, values }: RawRecord): number {
    this.#channels ??= channels;
    if (channels === this.#channels && values.length % channels === 0) return channels;
    const found = `it has ${values.length} values in ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import "${id}": ${found}, the first sequence has ${this.#channels}.`,
      'Give every sequence the same number of channels, and a value of each channel at every timestep.',
    );
  }

  #skip(item: RawSkip): undefined {
    const { skipped, advice, label } = item;
    let tally = this.#skipped.get(skipped);
    if (tally === undefined) {
      tally = new NameTally(compareUtf8);
      this.#skipped.set(skipped, tally);
    }
    tally.add(nameOfSkip(item));
    if (label && this.#skippedClasses.size < MOST_SKIPPED_CLASSES) this.#skippedClasses.add(label);
    if (advice && !(this.#skipAdvice && compareUtf8(this.#skipAdvice, advice) <= 0)) {
      this.#skipAdvice = advice;
    }
  }

  #toRows(table: RecordTable, kept: Uint32Array, classes: readonly string[]): BuiltRows {
    const { shares, folds, seed } = this.#options;
    const labels = this.#labelsOf(table, kept, classes);
    const labelCount = this.#targets.isUsed ? 1 : classes.length;
    const { groups, groupOf } = groupRows(table, kept, labels, labelCount);
    if (!this.#targets.isUsed) for (const name of mixedGroups(groups)) this.#mixedGroups.add(name);
    const classOfName = this.#targets.isUsed
      ? this.#targets.classOfName(kept, classes)
      : new Int32Array(0);
    const splitOfGroup = folds
      ? assignFold(groups, folds, seed)
      : assignSplits(groups, shares, seed);
    const count = kept.length;
    const lengths = filled(new Int32Array(count), (position) => table.lengths.at(kept[position]!));
    const order = orderByLength(lengths);
    const index = {
      lengths: filled(new Int32Array(count), (number) => lengths[order[number]!]!),
      labels: filled(new Int32Array(count), (number) => labels[order[number]!]!),
      splits: filled(new Uint8Array(count), (number) => splitOfGroup[groupOf[order[number]!]!]!),
    };
    const at = (number: number): BuiltRow => {
      const row = kept[order[number]!]!;
      const [label, split] = [index.labels[number]!, SPLITS[index.splits[number]!]!];
      const [id, group] = [table.ids.at(row), table.groupAt(row)];
      const [offset, length] = [table.offsetAt(row), index.lengths[number]!];
      const targets = this.#targets.targetsOf(row, classOfName);
      return { id, group, label, targets, split, length, offset, record: row };
    };
    const groupsIn = (split: Split) =>
      splitOfGroup.reduce((sum, number) => sum + (SPLITS[number] === split ? 1 : 0), 0);
    const trainingRecords = function* () {
      for (let number = 0; number < order.length; number++) {
        if (SPLITS[index.splits[number]!] === 'train') yield kept[order[number]!]!;
      }
    };
    return {
      rows: { length: kept.length, at, index },
      groups: perSplit(groupsIn),
      target: this.#targets.isUsed
        ? this.#targets.describe(trainingRecords(), this.#options.targetNames)
        : undefined,
      timestepsOf: ({ record, length }) => this.#targets.timestepsOf(record, length, classOfName),
    };
  }

  async #write(
    { rows, target: learned, timestepsOf }: BuiltRows,
    classes: readonly string[],
    values: ValueGatherer<SpilledRow>,
  ): Promise<StoreManifest> {
    const { target, name, overwrite, provenance } = this.#options;
    const { length, shares, folds, caps, seed, missing } = this.#options;
    const channels = this.#channels ?? 1;
    const sampleRates = [...this.#signs.found().sampleRates.keys()];
    return await writeStore<BuiltRow>(
      target,
      {
        name,
        valueType: this.#types.type,
        classes,
        ...(learned && { target: learned }),
        readTimestepLabels: timestepsOf,
        rows,
        channels,
        gatherer: () => values,
        provenance: {
          ...provenance,
          length,
          ...(folds ? { folds } : { shares }),
          caps,
          seed,
          missing,
          ...(sampleRates.length > 0 && { sampleRates }),
        },
      },
      {
        overwrite,
        onProgress: (done, total) => this.#onProgress({ stage: 'writing', done, total }),
      },
    );
  }

  #report(manifest: StoreManifest, { lengths, groups, conflicts }: Kept): ImportReport {
    const reasons = Object.keys(SKIP_REASONS) as SkipReason[];
    const found = reasons.filter((reason) => this.#skipped.has(reason));
    const classes = manifest.classes.map((name, label) => ({
      name,
      bySplit: perSplit((split) => manifest.splits[split].perClass[label]!),
    }));
    const hasTraining = manifest.splits.train.sequences > 0;
    const signs = this.#signs.found();
    return {
      name: manifest.name,
      read: this.#read,
      kept: manifest.sequences,
      keptTokens: manifest.tokens,
      valueType: manifest.valueType,
      isTypeInferred: this.#types.inferred !== undefined,
      truncated: this.#truncated.finish(),
      stripped: this.#stripped.finish(),
      filled: this.#filled.finish(),
      gaps: this.#gaps.finish(),
      skipped: Object.fromEntries(found.map((why) => [why, this.#skipped.get(why)!.finish()])),
      labelConflicts: { count: conflicts.length, examples: conflicts.slice(0, CONFLICT_EXAMPLES) },
      classes,
      groups,
      sampleRates: [...signs.sampleRates.keys()],
      splitNames: [...signs.splitNames].map(([name, split]) => ({ name, split })),
      numbers: manifest.target.kind === 'numbers' ? manifest.target.numbers : [],
      warnings: importWarnings({
        target: manifest.target.kind,
        classes,
        lengths,
        hasTraining,
        skipped: new Set(this.#skipped.keys()),
        skippedClasses: [...this.#skippedClasses].sort(compareUtf8),
        skipAdvice: this.#skipAdvice,
        unused: this.#options.unused,
        mixedGroups: this.#mixedGroups.finish(),
        acrossSplits: this.#acrossSplits.finish(),
        inferred: this.#types.inferred,
        valueRange: manifest.valueRange,
        numbers: manifest.target.kind === 'numbers' ? manifest.target.numbers : [],
        channels: manifest.channels,
        ...(this.#withoutSplit && { withoutSplit: this.#withoutSplit }),
        ...signs,
      }),
      contentHash: manifest.contentHash,
    };
  }
}

const nameOfSkip = ({ id, detail }: RawSkip): string =>
  detail === undefined ? id : `${id} (${detail})`;

/** Of all or none there is nothing to say. */
function withoutSplit(table: RecordTable, rows: Uint32Array): Tally | undefined {
  const tally = new NameTally(compareUtf8);
  const isFree = (row: number) => table.splitNumberAt(row) < 0;
  if (rows.every(isFree) || !rows.some(isFree)) return undefined;
  for (const row of rows) if (isFree(row)) tally.add(table.ids.at(row));
  return tally.finish();
}

function perSplit(count: (split: Split) => number): Record<Split, number> {
  return { train: count('train'), validation: count('validation'), test: count('test') };
}
