/**
 * The long form of a table: each row is one timestep of the sequence whose id it has, in any order. Memory is
 * bounded by RowStore, beside a few hundred bytes for each id.
 */
import type { LockstepError } from '../../core/errors.ts';
import type { ImportItem } from '../../data/record.ts';
import { type SpoiledText, splitOf, spoiledItem } from '../table/row-record.ts';
import { RowStore } from '../table/row-store.ts';
import { lineError } from '../table/table-columns.ts';
import { numberKey, type TimeKey, TimeSteps, timeKeyOf } from './time-key.ts';

/** One row: one timestep. */
export interface LongRow {
  line: number;
  id: string;
  /** Text; or a number below 10^15. */
  time: string | number;
  /** One value for each channel. */
  readonly values: Float64Array;
  label: string | undefined;
  group: string | undefined;
  split: string | undefined;
  labels?: readonly string[] | undefined;
  targets?: readonly number[] | undefined;
  /** The label of the timestep. */
  timestepLabel?: string | undefined;
}

export interface LongFormOptions {
  readonly path: string;
  readonly channels: number;
  readonly hasTimestepLabels: boolean;
  /** All rows are of this sequence; absent: of those that they name. */
  readonly soleId?: string | undefined;
  /** What the messages count. @default 'line' */
  readonly unit?: 'line' | 'row';
  /** Most bytes of rows in memory. */
  readonly mostBytes?: number;
}

/** What the rows of one id share. */
interface Sequence {
  readonly key: number;
  /** Its first row. */
  readonly first: LongRow;
}

/** Numbers of a row before its values. */
const [MAJOR, MINOR, LINE, LABEL, VALUES] = [0, 1, 2, 3, 4];

/** Collects the rows of one file; `close` it after use. */
export class LongForm {
  readonly #path: string;
  readonly #channels: number;
  readonly #hasTimestepLabels: boolean;
  readonly #soleId: string | undefined;
  readonly #unit: 'line' | 'row';
  readonly #rows: RowStore;
  readonly #row: Float64Array;
  readonly #sequences = new Map<string, Sequence>();
  /** What is wrong with a row, by id. */
  readonly #spoiled = new Map<string, SpoiledText>();
  readonly #labelNames: string[] = [];
  readonly #labelNumbers = new Map<string, number>();
  #last: Sequence | undefined;
  #kind: { of: TimeKey['kind']; line: number } | undefined;

  constructor(options: LongFormOptions) {
    const { path, channels, hasTimestepLabels, soleId, unit, mostBytes } = options;
    this.#path = path;
    this.#soleId = soleId;
    this.#unit = unit ?? 'line';
    this.#channels = channels;
    this.#hasTimestepLabels = hasTimestepLabels;
    this.#row = new Float64Array(VALUES + channels);
    this.#rows = new RowStore(this.#row.length, mostBytes);
  }

  /**
   * Adds a row. When it returns true, `flush` before the next one.
   * @throws LockstepError DATA_INVALID for a missing time, and for another label, group or split than that of the id
   */
  add(row: LongRow): boolean {
    if (this.#soleId !== undefined) row.id = this.#soleId;
    const sequence = this.#sequenceOf(row);
    const time = this.#timeOf(row);
    this.#row[MAJOR] = time.major;
    this.#row[MINOR] = time.minor;
    this.#row[LINE] = row.line;
    this.#row[LABEL] = this.#labelNumber(row.timestepLabel ?? '');
    this.#row.set(row.values, VALUES);
    return this.#rows.add(sequence.key, this.#row);
  }

  /** Leaves a sequence out of the dataset, since one of its rows cannot be read. */
  spoil(named: string, { message, advice }: SpoiledText): void {
    const id = this.#soleId ?? named;
    if (!this.#spoiled.has(id)) this.#spoiled.set(id, { message, advice });
  }

  async flush(): Promise<void> {
    await this.#rows.flush();
  }

  async close(): Promise<void> {
    await this.#rows.close();
  }

  #sequenceOf(row: LongRow): Sequence {
    const last = this.#last;
    if (last?.first.id === row.id) return this.#agreeing(last, row);
    if (row.id === '') throw this.#error(row.line, 'its id is empty');
    const known = this.#sequences.get(row.id);
    const sequence = known ?? {
      key: this.#sequences.size,
      first: { ...row, values: new Float64Array(0) },
    };
    if (known === undefined) this.#sequences.set(row.id, sequence);
    this.#last = sequence;
    return this.#agreeing(sequence, row);
  }

  #agreeing(sequence: Sequence, row: LongRow): Sequence {
    const { first } = sequence;
    // Role by role: this runs for every row.
    if (row.label !== first.label) this.#refuse('label', row, first);
    if (row.group !== first.group) this.#refuse('group', row, first);
    if (row.split !== first.split) this.#refuse('split', row, first);
    if (row.labels !== undefined) this.#compareLists('labels', row, first);
    if (row.targets !== undefined) this.#compareLists('targets', row, first);
    return sequence;
  }

  #refuse(role: 'label' | 'group' | 'split', row: LongRow, first: LongRow): void {
    const [now, before] = [row[role], first[role]].map((name) => (name ? `"${name}"` : 'none'));
    if (now === before) return;
    const what = `the ${role} of "${row.id}" is ${now}, and ${before} in ${this.#unit} ${first.line}`;
    throw this.#fault(row.line, what);
  }

  #compareLists(role: 'labels' | 'targets', row: LongRow, first: LongRow): void {
    if (String(row[role]) === String(first[role])) return;
    const what = `the ${role} of "${row.id}" differ from those in ${this.#unit} ${first.line}`;
    throw this.#fault(row.line, what);
  }

  #fault(line: number, what: string): LockstepError {
    return this.#error(
      line,
      what,
      'Give all rows of an id the same label, group, split and target.',
    );
  }

  #error(line: number, what: string, advice?: string): LockstepError {
    return lineError(this.#path, line, what, { advice, unit: this.#unit });
  }

  #timeOf({ time: text, line, id }: LongRow): TimeKey {
    const time = typeof text === 'number' ? numberKey(text) : timeKeyOf(text);
    if (time === undefined) {
      const what =
        text === '' ? 'no time' : `the time "${String(text).slice(0, 60)}", which is none`;
      throw this.#error(
        line,
        `the row of "${id}" has ${what}`,
        'Write each time as a number, as 2026-11-28T13:30:00.5 or as 13:30:00.5.',
      );
    }
    this.#kind ??= { of: time.kind, line };
    if (this.#kind.of === time.kind) return time;
    const what = `the time "${text}" is a ${time.kind}, and ${this.#unit} ${this.#kind.line} has a ${this.#kind.of}`;
    throw this.#error(line, what, 'Write all times in one way.');
  }

  #labelNumber(name: string): number {
    if (!this.#hasTimestepLabels) return 0;
    let number = this.#labelNumbers.get(name);
    if (number === undefined) {
      number = this.#labelNames.push(name) - 1;
      this.#labelNumbers.set(name, number);
    }
    return number;
  }

  /**
   * The sequences in the order of their first rows.
   * @throws LockstepError DATA_INVALID for two rows of one id with one time
   */
  async *records(): AsyncGenerator<ImportItem> {
    for (const [id, spoiled] of this.#spoiled) {
      yield spoiledItem(id, spoiled, this.#sequences.get(id)?.first.label);
    }
    for (const [id, { key, first }] of this.#sequences) {
      if (this.#spoiled.has(id)) continue;
      const rows = await this.#rows.take(key);
      const order = this.#order(id, rows);
      yield {
        ...this.#shared(first),
        ...this.#valuesOf(rows, order),
        ...(this.#areTimesUneven(rows, order) && { hasUnevenTimes: true }),
      };
    }
  }

  #shared({ id, line, label, group, split, labels, targets }: LongRow) {
    const ofSplit = splitOf(split, (what, advice) => lineError(this.#path, line, what, { advice }));
    return {
      ...{ id, label: label || undefined, group: group || undefined, ...ofSplit },
      ...(labels && { labels }),
      ...(targets && { targets }),
      ...(this.#channels > 1 && { channels: this.#channels }),
    };
  }

  #valuesOf(rows: Float64Array, order: Uint32Array) {
    const channels = this.#channels;
    const width = this.#row.length;
    const values = new Float64Array(order.length * channels);
    for (let step = 0; step < order.length; step++) {
      const start = order[step]! * width + VALUES;
      for (let channel = 0; channel < channels; channel++) {
        values[step * channels + channel] = rows[start + channel]!;
      }
    }
    if (!this.#hasTimestepLabels) return { values };
    const timestepLabels = Array.from(
      order,
      (row) => this.#labelNames[rows[row * width + LABEL]!]!,
    );
    return { values, timestepLabels };
  }

  #areTimesUneven(rows: Float64Array, order: Uint32Array): boolean {
    const steps = new TimeSteps();
    for (let i = 1; i < order.length; i++) {
      const [at, before] = [order[i]! * this.#row.length, order[i - 1]! * this.#row.length];
      const majors = rows[at + MAJOR]! - rows[before + MAJOR]!;
      steps.add(majors, rows[at + MINOR]! - rows[before + MINOR]!, this.#kind!.of);
    }
    return steps.areUneven;
  }

  /** The rows by time. */
  #order(id: string, rows: Float64Array): Uint32Array {
    const width = this.#row.length;
    const order = new Uint32Array(rows.length / width);
    for (let row = 0; row < order.length; row++) order[row] = row;
    const compare = (a: number, b: number) =>
      rows[a * width + MAJOR]! - rows[b * width + MAJOR]! ||
      rows[a * width + MINOR]! - rows[b * width + MINOR]!;
    let sorted = 1;
    while (sorted < order.length && compare(sorted - 1, sorted) < 0) sorted++;
    if (sorted >= order.length) return order;
    order.sort(compare);
    for (let i = 1; i < order.length; i++) {
      if (compare(order[i - 1]!, order[i]!) !== 0) continue;
      const lines = [order[i - 1]!, order[i]!].map((row) => rows[row * width + LINE]!);
      const what = `"${id}" has the time of ${this.#unit} ${Math.min(...lines)} again`;
      throw this.#error(
        Math.max(...lines),
        what,
        'Give each sequence an id of its own, or remove one of the rows.',
      );
    }
    return order;
  }
}
