/** What the records of an import have to be learned, where that is not one class each. */
import { createHash } from 'node:crypto';
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { UNLABELLED } from '../../data/format/store.ts';
import { type DataTarget, type NumberFacts, TARGET_WORDS } from '../../data/format/target.ts';
import type { RawRecord } from '../../data/record.ts';
import { NameColumn, NumberColumn } from './column.ts';
import { sortedNames } from './labels.ts';
import { readSpilled, Spill } from './spill.ts';

/** A timestep's class is an int16 in a dataset. */
const MOST_TIMESTEP_CLASSES = 2 ** 15 - 1;
/** Stands for no class in the spill. */
const NONE = 2 ** 16 - 1;

/**
 * The targets of records by their row, in the order in which they were read. It remembers nothing until a record has
 * one that is no class.
 */
export class TargetTable {
  readonly #target: string;
  #kind: DataTarget['kind'] | undefined;
  /** Names of classes by the order of their first use. */
  readonly #numbers = new Map<string, number>();
  /** 1 where a record has a target. */
  readonly #has = new NumberColumn((capacity) => new Int8Array(capacity));
  /** Where the next record's entries begin in `#entries`, or in the spill of timesteps. */
  readonly #ends = new NumberColumn((capacity) => new Float64Array(capacity));
  readonly #entries = new NumberColumn((capacity) => new Float64Array(capacity));
  /** A text for each different target, by which equal sequences with other targets are found. */
  readonly descriptions = new NameColumn();
  #entryCount = 0;
  /** Records read so far. */
  #rows = 0;
  #width: number | undefined;
  #spill: Spill | undefined;

  /** @param target folder of the dataset, beside which timesteps are spilt */
  constructor(target: string) {
    this.#target = target;
  }

  get kind(): DataTarget['kind'] {
    return this.#kind ?? 'none';
  }

  /** Entries of each record of numbers. */
  get width(): number {
    return this.#width ?? 0;
  }

  /** Whether the records have something to learn that is not one class each. */
  get isUsed(): boolean {
    return this.kind !== 'none' && this.kind !== 'class';
  }

  has(row: number): boolean {
    return this.#has.at(row) === 1;
  }

  /**
   * @param length timesteps that stay of the record
   * @throws LockstepError DATA_INVALID for two kinds of targets, another number of numbers or of timesteps
   */
  push(raw: RawRecord, length: number): void {
    const kind = kindOf(raw);
    const wasUsed = this.isUsed;
    if (kind !== undefined) this.#agree(raw, kind);
    if (this.isUsed && !wasUsed) for (let row = 0; row < this.#rows; row++) this.#pushNone();
    this.#rows++;
    if (!this.isUsed) return;
    if (kind === undefined) {
      this.#pushNone();
      return;
    }
    const { labels, targets, timestepLabels } = raw;
    if (labels !== undefined) this.#pushEntries([...new Set(labels)].map((name) => this.#of(name)));
    else if (targets !== undefined) this.#pushNumbers(raw, targets);
    else this.#pushTimesteps(raw, timestepLabels!, length);
    this.#has.push(1);
    this.descriptions.push(describe(raw, length));
  }

  /** Whether timesteps fill the memory: `flush` them. */
  get isFull(): boolean {
    return this.#spill?.isFull ?? false;
  }

  async flush(): Promise<void> {
    await this.#spill?.flush();
  }

  /** After this, timesteps can be read. */
  async finish(): Promise<void> {
    await this.#spill?.finish();
  }

  async close(): Promise<void> {
    await this.#spill?.close();
  }

  /** The names of classes, sorted. @param rows those that stay */
  classNames(rows: Uint32Array): string[] {
    if (this.kind === 'numbers') return [];
    return sortedNames(this.#usedNames(rows));
  }

  /**
   * By the order of first use, the class of each name.
   * @param rows those that stay
   * @throws LockstepError DATA_INVALID for a name that is no class
   */
  classOfName(rows: Uint32Array, classes: readonly string[]): Int32Array {
    const numbers = new Map(classes.map((name, number) => [name, number]));
    const unknown = this.#usedNames(rows).find((name) => !numbers.has(name));
    if (unknown !== undefined) throw unknownClass(unknown, classes);
    return Int32Array.from(this.#numbers.keys(), (name) => numbers.get(name) ?? UNLABELLED);
  }

  /** Names of timesteps are not looked for among the rows that stay: they are on disk. */
  #usedNames(rows: Uint32Array): string[] {
    const names = [...this.#numbers.keys()];
    if (this.kind !== 'classes') return names;
    const isUsed = new Uint8Array(names.length);
    for (const row of rows) for (const number of this.#entriesOf(row)) isUsed[number] = 1;
    return names.filter((_, number) => isUsed[number] === 1);
  }

  /** Classes (ascending) or numbers of a record; undefined where it has no target. */
  targetsOf(row: number, classOfName: Int32Array): number[] | undefined {
    if (this.kind === 'timestep-class' || !this.isUsed || !this.has(row)) return undefined;
    const entries = this.#entriesOf(row);
    if (this.kind === 'numbers') return entries;
    return entries.map((number) => classOfName[number]!).sort((a, b) => a - b);
  }

  /** The class of each timestep of a record, or UNLABELLED. */
  timestepsOf(row: number, length: number, classOfName: Int32Array): Int32Array {
    if (!this.has(row)) return new Int32Array(length).fill(UNLABELLED);
    const numbers = new Uint16Array(length);
    readSpilled(this.#spill!.file, this.#ends.at(row), numbers);
    return Int32Array.from(numbers, (number) =>
      number === NONE ? UNLABELLED : classOfName[number]!,
    );
  }

  /**
   * The target for the manifest.
   * @param rows those of the training split
   * @param names of the numbers, if there is one for each
   */
  describe(rows: Iterable<number>, names: readonly string[]): DataTarget {
    if (this.kind !== 'numbers') return { kind: this.kind };
    const labelled = [...rows].filter((row) => this.has(row));
    const numbers = Array.from({ length: this.width }, (_, column): NumberFacts => {
      const values = labelled.map((row) => Math.fround(this.#entriesOf(row)[column]!));
      const name = names.length === this.width ? names[column]! : `number ${column + 1}`;
      return { name, ...momentsOf(values) };
    });
    return { kind: 'numbers', numbers };
  }

  #agree({ id }: RawRecord, kind: DataTarget['kind']): void {
    this.#kind ??= kind;
    if (this.#kind === kind) return;
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import "${id}": it has ${TARGET_WORDS[kind]}, others have ${TARGET_WORDS[this.#kind]}.`,
      'Give all sequences of a dataset the same kind of target.',
    );
  }

  #of(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }

  #pushNone(): void {
    this.#has.push(0);
    this.#ends.push(this.#entryCount);
    this.descriptions.push(undefined);
  }

  #pushEntries(entries: readonly number[]): void {
    for (const entry of entries) this.#entries.push(entry);
    this.#entryCount += entries.length;
    this.#ends.push(this.#entryCount);
  }

  #entriesOf(row: number): number[] {
    const begin = row === 0 ? 0 : this.#ends.at(row - 1);
    return Array.from({ length: this.#ends.at(row) - begin }, (_, i) =>
      this.#entries.at(begin + i),
    );
  }

  #pushNumbers({ id }: RawRecord, targets: readonly number[]): void {
    this.#width ??= targets.length;
    const wrong = targets.find((target) => !Number.isFinite(Math.fround(target)));
    const what =
      wrong !== undefined
        ? `the number ${wrong} as a target, which is not finite as a 32-bit number`
        : targets.length !== this.#width || targets.length === 0
          ? `${targets.length} numbers as its target, others have ${this.#width}`
          : undefined;
    if (what !== undefined) throw badTarget(id, `it has ${what}`);
    this.#pushEntries(targets);
  }

  #pushTimesteps(
    { id, values, channels = 1 }: RawRecord,
    labels: readonly string[],
    length: number,
  ): void {
    const steps = values.length / channels;
    if (labels.length !== steps) {
      throw badTarget(id, `it has ${labels.length} labels of timesteps, and ${steps} timesteps`);
    }
    const kept = labels.slice(0, length);
    const numbers = Uint16Array.from(kept, (name) => (name === '' ? NONE : this.#of(name)));
    if (this.#numbers.size > MOST_TIMESTEP_CLASSES) {
      throw badTarget(id, `timesteps have more than ${MOST_TIMESTEP_CLASSES} classes up to here`);
    }
    this.#spill ??= Spill.beside(this.#target);
    this.#ends.push(this.#spill.append(numbers));
  }
}

/** @throws LockstepError DATA_INVALID for two targets in one record */
function kindOf(raw: RawRecord): DataTarget['kind'] | undefined {
  const { id, label, labels, targets, timestepLabels } = raw;
  // So it is in most datasets.
  if (!labels && !targets && !timestepLabels) return label ? 'class' : undefined;
  const kinds = [
    label && 'class',
    labels !== undefined && 'classes',
    targets !== undefined && 'numbers',
    timestepLabels?.some((name) => name !== '') && 'timestep-class',
  ].filter(Boolean) as DataTarget['kind'][];
  if (kinds.length <= 1) return kinds[0];
  const both = kinds.map((kind) => TARGET_WORDS[kind]).join(' and ');
  throw badTarget(id, `it has ${both}, and a dataset has one kind of target`);
}

function describe({ labels, targets, timestepLabels }: RawRecord, length: number): string {
  if (labels !== undefined) return [...new Set(labels)].sort().join(', ') || '(no class)';
  if (targets !== undefined) return targets.join(', ');
  const text = timestepLabels!.slice(0, length).join('\n');
  return `timesteps ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

/** Mean and deviation of the population, by Welford's recurrence. */
function momentsOf(values: readonly number[]): { mean: number; deviation: number } {
  let [mean, squares] = [0, 0];
  values.forEach((value, i) => {
    const before = value - mean;
    mean += before / (i + 1);
    squares += before * (value - mean);
  });
  return { mean, deviation: values.length === 0 ? 0 : Math.sqrt(squares / values.length) };
}

function badTarget(id: string, what: string): LockstepError {
  return new LockstepError('DATA_INVALID', `Cannot import "${id}": ${what}.`, 'Correct the data.');
}

function unknownClass(name: string, classes: readonly string[]): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import: the label "${name}" is not one of the classes (${listNames([...classes])}).`,
    'Add the class to the list, or correct the label.',
  );
}
