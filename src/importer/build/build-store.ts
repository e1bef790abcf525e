/**
 * From raw records to a store: check, spill, drop duplicates, apply the caps, split by group, write. The
 * result depends on the records and the options only, not on the order of the records.
 */
import { LockstepError } from '../../core/errors.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import type { ValueGatherer } from '../../data/format/gather-values.ts';
import { refuseTarget } from '../../data/format/refuse-target.ts';
import type { StoreManifest } from '../../data/format/store.ts';
import { allocateValues } from '../../data/format/values.ts';
import { writeStore } from '../../data/format/write-store.ts';
import {
  type ImportReport,
  type LabelConflict,
  NameTally,
  type Tally,
} from '../../data/info/import-report.ts';
import { importWarnings } from '../../data/info/import-warnings.ts';
import { type ImportItem, isSkip, type RawRecord, type SkipReason } from '../../data/record.ts';
import {
  type BuildOptions,
  type ImportProgress,
  type ResolvedOptions,
  resolveOptions,
} from './build-options.ts';
import type { ValueLimits } from './check-values.ts';
import { gatherHere, type SpilledRow, type SpillGatherer } from './gather-spilled.ts';
import { classNames, refuseRepeatedIds } from './labels.ts';
import { withoutMissing } from './missing-values.ts';
import { type BuiltRow, type BuiltRows, orderRows, perSplit } from './order-rows.ts';
import { isBatch, type ReadItems } from './read-items.ts';
import { coarseRounding, RecordSigns } from './record-signs.ts';
import { RecordTable, type SpilledRecord } from './record-table.ts';
import { applyCaps, dropDuplicates } from './select-records.ts';
import { SkippedRecords } from './skipped-records.ts';
import { Spill } from './spill.ts';
import { readWidened, type SpillShape } from './spilled-values.ts';
import { TargetTable } from './target-table.ts';
import { digestBeforeRounding } from './value-digest.ts';
import { ValueTypes } from './value-types.ts';

const CONFLICT_EXAMPLES = 5;
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

/** What was read of the records, and what puts their values in order. */
interface Tables {
  readonly gatherer: SpillGatherer;
  readonly spill: Spill;
  readonly targets: TargetTable;
}

/** What the report says of the sequences that stayed. */
interface Kept extends Pick<BuiltRows, 'groups' | 'mixedGroups'> {
  readonly lengths: Int32Array;
  readonly conflicts: readonly LabelConflict[];
}

class StoreBuild {
  readonly #options: ResolvedOptions;
  readonly #spill: Spill;
  readonly #targets: TargetTable;
  readonly #gatherer: SpillGatherer;
  readonly #onProgress: (progress: ImportProgress) => void;
  readonly #skipped = new SkippedRecords();
  readonly #truncated = new NameTally(compareUtf8);
  readonly #stripped = new NameTally(compareUtf8);
  readonly #filled = new NameTally(compareUtf8);
  readonly #gaps = new NameTally(compareUtf8);
  /** Of the first record. */
  #channels: number | undefined;
  #limits: ValueLimits | undefined;
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
      this.#skipped.add({ id: table.ids.at(row), skipped: reason, label: table.labels.at(row) });
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
    const built = orderRows({ table, targets: this.#targets, kept, classes }, this.#options);
    const manifest = await this.#write(built, classes, this.#gatherer.begin(shape));
    const { rows, groups, mixedGroups } = built;
    const { lengths } = rows.index;
    return this.#report(manifest, { lengths, groups, mixedGroups, conflicts });
  }

  #classNames(table: RecordTable, kept: Uint32Array): string[] {
    return this.#targets.isUsed ? this.#targets.classNames(kept) : classNames(table, kept);
  }

  #nothingLeft(): LockstepError {
    const { isTemporary, name, target } = this.#options;
    const what = isTemporary
      ? `There is no sequence in "${name}"`
      : `Cannot write a dataset to "${target}"`;
    const read =
      this.#read === 0 ? 'nothing was found' : `none of ${this.#read} is left, skipped were`;
    return new LockstepError(
      'DATA_INVALID',
      `${what}: ${[read, this.#skipped.describe()].filter((part) => part !== '').join(' ')}.`,
      this.#read === 0
        ? 'A table needs rows below its header; of a folder, look at --class-by and at what is excluded.'
        : this.#skipped.whatToDo(),
    );
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
    const record = isSkip(item) ? this.#skipped.add(item) : this.#accept(item);
    if (record !== undefined) table.push(record);
  }

  #accept(raw: RawRecord): SpilledRecord | undefined {
    const { missing } = this.#options;
    const channels = this.#channelsOf(raw);
    const rest = withoutMissing(raw, missing);
    const skip = (skipped: SkipReason, detail?: string) =>
      this.#skipped.add({ id: raw.id, skipped, detail, label: raw.label });
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

  #report(
    manifest: StoreManifest,
    { lengths, groups, mixedGroups, conflicts }: Kept,
  ): ImportReport {
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
      skipped: this.#skipped.tallies(),
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
        skipped: this.#skipped.reasons,
        skippedClasses: this.#skipped.classes,
        skipAdvice: this.#skipped.advice,
        unused: this.#options.unused,
        mixedGroups,
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

/** Of all or none there is nothing to say. */
function withoutSplit(table: RecordTable, rows: Uint32Array): Tally | undefined {
  const tally = new NameTally(compareUtf8);
  const isFree = (row: number) => table.splitNumberAt(row) < 0;
  if (rows.every(isFree) || !rows.some(isFree)) return undefined;
  for (const row of rows) if (isFree(row)) tally.add(table.ids.at(row));
  return tally.finish();
}
