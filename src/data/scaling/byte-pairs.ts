/** Counts neighbours among bytes, in WebAssembly: this is most of what the statistics of an import cost. */
import {
  BOTH,
  compileWasm,
  constant,
  EITHER,
  forVectors,
  I8X16,
  I16X8,
  I32X4,
  LESS,
  LOAD,
  LOAD_INTEGER,
  loadByte,
  localGet,
  localSet,
  localTee,
  PLUS,
  reserveWasm,
  SELECT,
  SHIFT_LEFT,
  STORE,
  storeInteger,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
} from '../../core/wasm.ts';

/** Symbols that have a row in the table of pairs. */
export const PAIR_SYMBOLS = 64;
const PAIR_BITS = 6;
const BYTES = 256;
/** So many squares of a byte have a sum below 2³¹. */
const BLOCK = 2 ** 14;
/** Counts in 32 bits are moved on before one can overflow. */
const MOST_COUNTED = 2 ** 31;

const VECTOR = 16;
/** The sum of a block, and that of its squares. */
const SUMS = 0;
/** Of each place in a vector. */
const [LEAST, MOST] = [VECTOR, 2 * VECTOR];
const INPUT = 3 * VECTOR;
/** Pairs by row, then the symbols that are counted alone. */
const EVEN = INPUT + BLOCK;
const COUNTS = PAIR_SYMBOLS ** 2 + BYTES;
const ODD = EVEN + 4 * COUNTS;
const END = ODD + 4 * COUNTS;

/** `count(size, from)`: counts each byte of the input with the one ahead of it; `from` is ahead of the first. */
function countFunction(): WasmFunction {
  const [size, from, at, paired, value, place] = [0, 1, 2, 3, 4, 5];
  const [sums, squares, bytes] = [6, 7, 8];
  const lanesOf = (vector: number) => [
    ...[0, 1, 2, 3].flatMap((lane) => [...localGet(vector), ...I32X4.lane(lane)]),
    ...[PLUS, PLUS, PLUS],
  ];
  /** Adds 1 where the pair, or a symbol that ends none, is counted. */
  const countAt = (offset: number, table: number) => [
    ...[...localGet(at), ...loadByte(INPUT + offset), ...localSet(value)],
    ...[...localGet(from), ...constant(PAIR_BITS), SHIFT_LEFT, ...localGet(value), PLUS],
    ...[...localGet(value), ...constant(PAIR_SYMBOLS ** 2), PLUS],
    ...[...localGet(from), ...localGet(value), EITHER, ...constant(PAIR_SYMBOLS), LESS, SELECT],
    ...[...constant(2), SHIFT_LEFT, ...constant(table), PLUS, ...localTee(place)],
    ...[...localGet(place), ...LOAD_INTEGER, ...constant(1), PLUS, ...storeInteger(0)],
    ...[...localGet(value), ...localSet(from)],
  ];
  const addVector = [
    ...[...localGet(at), ...constant(INPUT), PLUS, ...LOAD, ...localTee(bytes)],
    ...[...I16X8.sumsOfPairs, ...I32X4.sumsOfPairs, ...localGet(sums), ...I32X4.add],
    ...[...localSet(sums), ...localGet(bytes), ...localGet(bytes), ...I16X8.productsOfLower],
    ...[...I32X4.sumsOfPairs, ...localGet(squares), ...I32X4.add],
    ...[...localGet(bytes), ...localGet(bytes), ...I16X8.productsOfUpper, ...I32X4.sumsOfPairs],
    ...[...I32X4.add, ...localSet(squares)],
  ];
  const body = [
    ...[...localGet(size), ...constant(-2), BOTH, ...localSet(paired)],
    // Equal pairs in a row would wait for each other's count if there were one table.
    ...forVectors(at, paired, [...countAt(0, EVEN), ...countAt(1, ODD)], 2),
    ...forVectors(at, size, countAt(0, EVEN), 1),
    ...[...constant(0), ...localSet(at), ...forVectors(at, size, addVector)],
    ...[...constant(SUMS), ...lanesOf(sums), ...storeInteger(0)],
    ...[...constant(SUMS), ...lanesOf(squares), ...storeInteger(4)],
  ];
  return { name: 'count', parameters: 2, integers: 4, vectors: 3, body };
}

/** `bound(size)`: the least and the greatest of what lies at each place of a vector, with those of the blocks so far. */
function boundFunction(): WasmFunction {
  const [size, at, least, most, bytes] = [0, 1, 2, 3, 4];
  const bounds = [
    { vector: least, place: LEAST, better: I8X16.lesserOf },
    { vector: most, place: MOST, better: I8X16.greaterOf },
  ];
  const look = bounds.flatMap(({ vector, better }) => [
    ...[...localGet(bytes), ...localGet(vector), ...better, ...localSet(vector)],
  ]);
  const body = [
    ...bounds.flatMap(({ vector, place }) => [
      ...[...constant(place), ...LOAD, ...localSet(vector)],
    ]),
    ...forVectors(at, size, [
      ...[...localGet(at), ...constant(INPUT), PLUS, ...LOAD, ...localSet(bytes), ...look],
    ]),
    ...bounds.flatMap(({ vector, place }) => [...constant(place), ...localGet(vector), ...STORE]),
  ];
  return { name: 'bound', parameters: 1, integers: 1, vectors: 3, body };
}

let compiled: object | undefined;

/** Sums of the distances from a sequence's first value, and of their squares: integers, so exact. */
export interface Sums {
  readonly sum: number;
  readonly squares: number;
}

/** How often a symbol follows another. */
export class BytePairs {
  readonly #count: (size: number, from: number) => void;
  readonly #bound: (size: number) => void;
  readonly #input: Uint8Array;
  readonly #least: Uint8Array;
  readonly #most: Uint8Array;
  readonly #sums: Int32Array;
  readonly #tables: readonly Uint32Array[];
  /** Since the tables were emptied. */
  #counted = 0;

  constructor() {
    compiled ??= compileWasm([countFunction(), boundFunction()]);
    const { count, bound, memory } = wasmExports(compiled) as {
      count(size: number, from: number): void;
      bound(size: number): void;
      memory: WasmMemory;
    };
    reserveWasm(memory, END);
    [this.#count, this.#bound] = [count, bound];
    this.#input = new Uint8Array(memory.buffer, INPUT, BLOCK);
    this.#least = new Uint8Array(memory.buffer, LEAST, VECTOR);
    this.#most = new Uint8Array(memory.buffer, MOST, VECTOR);
    this.#sums = new Int32Array(memory.buffer, SUMS, 2);
    this.#tables = [EVEN, ODD].map((table) => new Uint32Array(memory.buffer, table, COUNTS));
  }

  /**
   * Counts the pairs of one sequence of at least one byte.
   * @param pairs takes the counts of pairs that have no more room here, `[PAIR_SYMBOLS · PAIR_SYMBOLS]`
   * @param alone takes those of symbols that end no pair
   */
  add(values: Uint8Array, pairs: Float64Array, alone: Float64Array): Sums {
    if (this.#counted + values.length > MOST_COUNTED) this.moveInto(pairs, alone);
    this.#counted += values.length;
    const origin = values[0]!;
    let sum = 0;
    let squares = 0;
    for (let begin = 0; begin < values.length; begin += BLOCK) {
      const block = values.subarray(begin, begin + BLOCK);
      this.#input.set(block);
      // The vectors go on to the next multiple of their size.
      this.#input.fill(0, block.length, block.length + VECTOR);
      this.#count(block.length, begin === 0 ? PAIR_SYMBOLS : values[begin - 1]!);
      const [total, ofSquares] = [this.#sums[0]!, this.#sums[1]!];
      sum += total - block.length * origin;
      squares += ofSquares - 2 * origin * total + block.length * origin ** 2;
    }
    return { sum, squares };
  }

  /** The least and the greatest byte of one sequence of at least one, whose pairs are not counted. */
  bounds(values: Uint8Array): { readonly least: number; readonly most: number } {
    this.#least.fill(BYTES - 1);
    this.#most.fill(0);
    for (let begin = 0; begin < values.length; begin += BLOCK) {
      const block = values.subarray(begin, begin + BLOCK);
      this.#input.set(block);
      this.#input.fill(block[0]!, block.length, block.length + VECTOR);
      this.#bound(block.length);
    }
    return { least: Math.min(...this.#least), most: Math.max(...this.#most) };
  }

  /** Adds the counts to these, and begins at 0 again. */
  moveInto(pairs: Float64Array, alone: Float64Array): void {
    for (const table of this.#tables) {
      for (let pair = 0; pair < pairs.length; pair++) pairs[pair]! += table[pair]!;
      for (let byte = 0; byte < BYTES; byte++) alone[byte]! += table[pairs.length + byte]!;
      table.fill(0);
    }
    this.#counted = 0;
  }
}
