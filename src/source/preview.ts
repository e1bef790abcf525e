/** What a dry run shows of a source: its columns, its first records as they are read, and the range of its values. */
import { type ImportItem, isSkip, type RawRecord } from '../data/record.ts';

/** A column of a table, and what the options make of it. */
export interface ColumnUse {
  readonly name: string;
  /** Absent: it is not read. */
  readonly role?: string | undefined;
}

/** The columns by name, and which of the roles the options give each. */
export function usesOf<Role extends string>(
  names: readonly string[],
  roles: readonly Role[],
  given: Readonly<Partial<Record<Role, unknown>>>,
): ColumnUse[] {
  return names.map((name) => {
    const own = roles.filter((role) => given[role] === name);
    return { name, ...(own.length > 0 && { role: own.join(', ') }) };
  });
}

/** What a source holds. */
export interface SourcePreview {
  /** The first records. */
  readonly first: readonly RawRecord[];
  readonly lengths: Range;
  /** Of the values that are numbers. */
  readonly values: Range;
  readonly areIntegers: boolean;
  /** Values that are missing. */
  readonly missing: number;
  readonly channels: number;
}

/** From the smallest to the largest; infinite where there is nothing. */
export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

/** Records to show. */
const FIRST = 3;

/** Looks at records on their way. */
export class PreviewTap {
  readonly #first: RawRecord[] = [];
  #lengths: Range = { minimum: Infinity, maximum: -Infinity };
  #minimum = Infinity;
  #maximum = -Infinity;
  #areIntegers = true;
  #missing = 0;

  async *through(
    items: AsyncIterable<ImportItem> | Iterable<ImportItem>,
  ): AsyncGenerator<ImportItem> {
    for await (const item of items) {
      if (!isSkip(item)) this.#look(item);
      yield item;
    }
  }

  #look(record: RawRecord): void {
    const { values, channels = 1 } = record;
    if (this.#first.length < FIRST) this.#first.push(record);
    const length = values.length / channels;
    const { minimum, maximum } = this.#lengths;
    this.#lengths = { minimum: Math.min(minimum, length), maximum: Math.max(maximum, length) };
    for (let i = 0; i < values.length; i++) this.#lookAt(values[i]!);
  }

  #lookAt(value: number): void {
    if (Number.isNaN(value)) this.#missing++;
    if (value < this.#minimum) this.#minimum = value;
    if (value > this.#maximum) this.#maximum = value;
    if (!Number.isNaN(value) && !Number.isInteger(value)) this.#areIntegers = false;
  }

  preview(): SourcePreview {
    return {
      first: this.#first,
      lengths: this.#lengths,
      values: { minimum: this.#minimum, maximum: this.#maximum },
      areIntegers: this.#areIntegers,
      missing: this.#missing,
      channels: this.#first[0]?.channels ?? 1,
    };
  }
}
