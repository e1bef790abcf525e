/** Puts the entries of Parquet's pages together to cells: the levels say where lists start and what is missing. */
import type { DecodedArray, SchemaTree } from 'hyparquet';
import type { NumberArray } from '../../source/file/number-array.ts';
import { type Cell, isNumberArray, type ListCell, type Scalar } from './cell.ts';
import type { Page } from './parquet-page.ts';

/** A list that the next page may continue. */
interface OpenList {
  readonly parts: ListCell['items'][];
  readonly lengths: number[];
  /** There is no list at all. */
  readonly isAbsent: boolean;
}

export class RowAssembler {
  /** Definition level from which on a list of this depth has an item. */
  readonly #itemLevels: readonly number[];
  readonly #maxDefinition: number;
  #open: OpenList | undefined;

  constructor(schemaPath: readonly SchemaTree[]) {
    const itemLevels: number[] = [];
    let definition = 0;
    for (const { element } of schemaPath.slice(1)) {
      if (element.repetition_type !== 'REQUIRED') definition++;
      if (element.repetition_type === 'REPEATED') itemLevels.push(definition);
    }
    this.#itemLevels = itemLevels;
    this.#maxDefinition = definition;
  }

  /** The cells that a page completes. */
  add(page: Page): Cell[] {
    const depth = this.#itemLevels.length;
    if (depth === 0) return this.#scalars(page);
    return depth === 1 && page.definition === undefined ? this.#slices(page) : this.#lists(page);
  }

  /** The last cell. */
  end(): Cell[] {
    return this.#close();
  }

  #scalars({ definition, values }: Page): Cell[] {
    if (definition === undefined) return Array.from(values as Scalar[]);
    let next = 0;
    return Array.from(definition, (level) =>
      level === this.#maxDefinition ? (values as Scalar[])[next++]! : null,
    );
  }

  /** Lists of which every item is present are slices of the values. */
  #slices({ repetition, values }: Page): Cell[] {
    const cells: Cell[] = [];
    for (let start = 0; start < repetition.length; ) {
      if (repetition[start] === 0) cells.push(...this.#close());
      const end = repetition.indexOf(0, start + 1);
      const items = sliceOf(values, start, end < 0 ? repetition.length : end);
      if (end >= 0 && this.#open === undefined) cells.push({ items });
      else this.#continue(items);
      if (end < 0) break;
      start = end;
    }
    return cells;
  }

  #continue(items: ListCell['items']): void {
    this.#open ??= { parts: [], lengths: [], isAbsent: false };
    this.#open.parts.push(items);
  }

  #lists({ repetition, definition, values }: Page): Cell[] {
    const cells: Cell[] = [];
    const [outer = 0, inner] = this.#itemLevels;
    let items: Scalar[] = [];
    let next = 0;
    for (let i = 0; i < repetition.length; i++) {
      const level = definition?.[i] ?? this.#maxDefinition;
      if (repetition[i] === 0) {
        this.#open?.parts.push(items);
        items = [];
        cells.push(...this.#close());
        // An empty list has the level below that of an item.
        this.#open = { parts: [], lengths: [], isAbsent: level < outer - 1 };
      }
      if (this.#open === undefined) throw new Error('a list continues that never began');
      const { lengths } = this.#open;
      if (inner !== undefined && repetition[i]! < 2 && level >= outer) lengths.push(0);
      if (level < (inner ?? outer)) continue;
      if (inner !== undefined) lengths[lengths.length - 1]!++;
      items.push(level === this.#maxDefinition ? (values as Scalar[])[next++]! : null);
    }
    this.#open?.parts.push(items);
    return cells;
  }

  #close(): Cell[] {
    if (this.#open === undefined) return [];
    const { parts, lengths, isAbsent } = this.#open;
    this.#open = undefined;
    if (isAbsent) return [null];
    const items = joined(parts);
    return [this.#itemLevels.length === 1 ? { items } : { items, lengths }];
  }
}

const sliceOf = (values: DecodedArray, start: number, end: number): ListCell['items'] =>
  Array.isArray(values) ? values.slice(start, end) : values.subarray(start, end);

/** Pieces of one list; all are numbers of one type, or one of them has missing items. */
function joined(parts: readonly ListCell['items'][]): ListCell['items'] {
  const filled = parts.filter(({ length }) => length > 0);
  const [first] = filled;
  if (first === undefined) return [];
  if (filled.length === 1) return first;
  if (!filled.every((part) => part.constructor === first.constructor) || !isNumberArray(first)) {
    return filled.flatMap((part) => Array.from(part as ArrayLike<Scalar>));
  }
  const total = filled.reduce((sum, { length }) => sum + length, 0);
  const whole = new (first.constructor as new (length: number) => Float64Array)(total);
  let at = 0;
  for (const part of filled as NumberArray[]) {
    whole.set(part as Float64Array, at);
    at += part.length;
  }
  return whole as NumberArray;
}
