/** A matrix that is multiplied by many others. */
import type { Matrix } from './matrix.ts';
import { LEFT, RIGHT, TiledRows } from './tile.ts';

/** Keeps X where the tiles can read it. */
export class Multiplier {
  readonly #rows: number;
  readonly #columns: number;
  readonly #outputs: number;
  /** Behind the rows of X those of the other matrix. */
  readonly #tiled: TiledRows;
  readonly #first: number;

  /** @param outputs rows of the others */
  constructor({ rows, columns, values }: Matrix, outputs: number) {
    this.#rows = rows;
    this.#columns = columns;
    this.#outputs = outputs;
    this.#first = LEFT * Math.ceil(rows / LEFT);
    this.#tiled = new TiledRows(this.#first + outputs, columns);
    this.#tiled.set(rows, columns, values);
  }

  /**
   * Writes other · Xᵀ, `[outputs, rows]`, to the beginning of `target`.
   * @param other begins with `[outputs, columns]`
   */
  multiply(other: Float64Array, target: Float64Array): void {
    const [rows, outputs, tiled, first] = [this.#rows, this.#outputs, this.#tiled, this.#first];
    tiled.set(outputs, this.#columns, other, first);
    const width = RIGHT * Math.ceil(this.#columns / RIGHT);
    for (let i = 0; i < rows; i += LEFT) {
      const end = Math.min(i + LEFT, rows);
      for (let k = 0; k < outputs; k += RIGHT) {
        const products = tiled.products(i, first + k, 0, width);
        for (let output = k; output < Math.min(k + RIGHT, outputs); output++) {
          for (let row = i; row < end; row++) {
            target[output * rows + row] = products[RIGHT * (row - i) + output - k]!;
          }
        }
      }
    }
  }
}
