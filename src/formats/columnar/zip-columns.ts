/** Rows from columns that come in pieces of different lengths. */
import type { Cell } from './cell.ts';

/**
 * @param columns each yields its cells some at a time
 * @param rows how many each must have
 * @throws Error if one has fewer or more
 */
export async function* zipColumns(
  columns: readonly AsyncGenerator<Cell[]>[],
  rows: number,
): AsyncGenerator<readonly Cell[]> {
  const cursors = columns.map((column) => new Cursor(column));
  try {
    for (let row = 0; row < rows; row++) {
      for (const cursor of cursors) if (!cursor.hasCell) await cursor.load();
      yield cursors.map((cursor) => cursor.take());
    }
    for (const cursor of cursors) await cursor.end();
  } finally {
    for (const column of columns) await column.return(undefined);
  }
}

class Cursor {
  readonly #column: AsyncGenerator<Cell[]>;
  #cells: Cell[] = [];
  #next = 0;

  constructor(column: AsyncGenerator<Cell[]>) {
    this.#column = column;
  }

  get hasCell(): boolean {
    return this.#next < this.#cells.length;
  }

  async load(): Promise<void> {
    while (!this.hasCell) {
      const { done, value } = await this.#column.next();
      if (done) throw new Error('a column has fewer rows than its row group');
      this.#cells = value;
      this.#next = 0;
    }
  }

  take(): Cell {
    return this.#cells[this.#next++]!;
  }

  async end(): Promise<void> {
    let isMore = this.hasCell;
    for await (const cells of this.#column) isMore ||= cells.length > 0;
    if (isMore) throw new Error('a column has more rows than its row group');
  }
}
