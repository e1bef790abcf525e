/** Sums and bounds of real numbers, in WebAssembly: it runs at speed from the first call on, in a thread that lives shortly. */
import {
  AND,
  compileWasm,
  constant,
  F32X4,
  F64X2,
  forVectors,
  I32X4,
  loadAt,
  localGet,
  localSet,
  localTee,
  reserveWasm,
  storeAt,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
} from '../../core/wasm.ts';
import type { Moments } from './channel-statistics.ts';

/** Values that are looked at together. */
const BLOCK = 2 ** 14;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

const VECTOR = 16;
/** Pairs of numbers: what is subtracted ahead of each of the two sums, and the sums of the blocks so far. */
const SHIFTS = 0;
const SUMS = SHIFTS + VECTOR;
/** Twice each. */
const [LEAST, MOST, COUNT, SHIFT, SQUARES] = [2, 3, 4, 5, 6].map((place) => place * VECTOR) as [
  number,
  number,
  number,
  number,
  number,
];
const INPUT = 7 * VECTOR;
const END = INPUT + BYTES * BLOCK;

const [size, at] = [0, 1];
const valueAt = [...localGet(at), ...F32X4.loadSplat(INPUT), ...F64X2.ofSingles];
const load = (local: number, offset: number) => [
  ...[...constant(0), ...loadAt(offset), ...localSet(local)],
];
const store = (local: number, offset: number) => [
  ...[...constant(0), ...localGet(local), ...storeAt(offset)],
];

/** `sums(size)`: of the first bytes of the input, one value after the other. What is missing (NaN) adds zeros. */
function sumsFunction(): WasmFunction {
  const [shifts, sums, least, most, count, value, isNumber] = [2, 3, 4, 5, 6, 7, 8];
  const step = [
    ...[...valueAt, ...localTee(value), ...localGet(value), ...F64X2.equal, ...localSet(isNumber)],
    ...[...localGet(sums), ...localGet(value), ...localGet(shifts), ...F64X2.subtract],
    ...[...localGet(isNumber), ...AND, ...F64X2.add, ...localSet(sums)],
    ...[...localGet(least), ...localGet(value), ...F64X2.lesserOf, ...localSet(least)],
    ...[...localGet(most), ...localGet(value), ...F64X2.greaterOf, ...localSet(most)],
    ...[...localGet(count), ...localGet(isNumber), ...I32X4.subtract, ...localSet(count)],
  ];
  const state = [
    [shifts, SHIFTS],
    [sums, SUMS],
    [least, LEAST],
    [most, MOST],
    [count, COUNT],
  ] as const;
  const body = [
    ...state.flatMap(([local, offset]) => load(local, offset)),
    ...forVectors(at, size, step, BYTES),
    ...state.flatMap(([local, offset]) => store(local, offset)),
  ];
  return { name: 'sums', parameters: 1, integers: 1, vectors: 7, body };
}

/** `squares(size)`: those of the distances from the mean. */
function squaresFunction(): WasmFunction {
  const [origin, shift, squares, distance] = [2, 3, 4, 5];
  const step = [
    ...[...localGet(squares), ...valueAt, ...localGet(origin), ...F64X2.subtract],
    ...[...localGet(shift), ...F64X2.subtract, ...localTee(distance), ...localGet(distance)],
    ...[...F64X2.multiply, ...localGet(distance), ...localGet(distance), ...F64X2.equal, ...AND],
    ...[...F64X2.add, ...localSet(squares)],
  ];
  const body = [
    ...[...load(origin, SHIFTS), ...load(shift, SHIFT), ...load(squares, SQUARES)],
    ...forVectors(at, size, step, BYTES),
    ...store(squares, SQUARES),
  ];
  return { name: 'squares', parameters: 1, integers: 1, vectors: 4, body };
}

let compiled: object | undefined;

/** Of the values of one sequence that are not missing. */
export interface Sums {
  readonly count: number;
  readonly total: number;
  /** Infinite where there is no value. */
  readonly minimum: number;
  readonly maximum: number;
}

/** Gives the same bits as plain loops from the first value to the last. */
export class RealSums {
  readonly #sums: (size: number) => void;
  readonly #squares: (size: number) => void;
  /** Two at each place. */
  readonly #numbers: Float64Array;
  readonly #count: Int32Array;
  readonly #input: Float32Array;

  constructor() {
    compiled ??= compileWasm([sumsFunction(), squaresFunction()]);
    const { memory, sums, squares } = wasmExports(compiled) as {
      memory: WasmMemory;
      sums(size: number): void;
      squares(size: number): void;
    };
    reserveWasm(memory, END);
    [this.#sums, this.#squares] = [sums, squares];
    this.#numbers = new Float64Array(memory.buffer, 0, INPUT / 8);
    this.#count = new Int32Array(memory.buffer, COUNT, 1);
    this.#input = new Float32Array(memory.buffer, INPUT, BLOCK);
  }

  sums(values: Float32Array): Sums {
    this.#numbers.fill(0);
    this.#numbers[SHIFTS / 8] = values.find((value) => !Number.isNaN(value)) ?? 0;
    this.#numbers.fill(Number.POSITIVE_INFINITY, LEAST / 8, MOST / 8);
    this.#numbers.fill(Number.NEGATIVE_INFINITY, MOST / 8, COUNT / 8);
    this.#run(this.#sums, values);
    const [minimum, maximum] = [this.#numbers[LEAST / 8]!, this.#numbers[MOST / 8]!];
    return { count: this.#count[0]!, total: this.#numbers[SUMS / 8 + 1]!, minimum, maximum };
  }

  /** Mean and deviation of the sequence whose sums were the last ones, as `sequenceMoments` gives them. */
  moments(values: Float32Array): Moments {
    const [count, origin] = [this.#count[0]!, this.#numbers[SHIFTS / 8]!];
    if (count === 0) return { mean: 0, deviation: 0 };
    const shift = this.#numbers[SUMS / 8]! / count;
    this.#numbers[SHIFT / 8] = shift;
    this.#run(this.#squares, values);
    const squares = this.#numbers[SQUARES / 8]!;
    return { mean: origin + shift, deviation: Math.sqrt(squares / count) };
  }

  #run(program: (size: number) => void, values: Float32Array): void {
    for (let begin = 0; begin < values.length; begin += BLOCK) {
      const block = values.subarray(begin, begin + BLOCK);
      this.#input.set(block);
      program(block.byteLength);
    }
  }
}
