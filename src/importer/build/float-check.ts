/** What becomes of doubles as float32, in one pass in WebAssembly: loops that ask one question each take ten times as long. */
import {
  AND,
  ANY,
  compileWasm,
  constant,
  F64X2,
  forVectors,
  loadAt,
  localGet,
  localSet,
  localTee,
  NOT,
  OR,
  reserveWasm,
  SHIFT_RIGHT,
  storeAt,
  storeInteger,
  storeLowHalf,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
} from '../../core/wasm.ts';

export const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;
/** Values that are looked at together. */
const BLOCK = 2 ** 13;
const VECTOR = 16;
/** Twice each: the largest float32, the largest value that is taken, the largest safe integer. */
const [FLOAT, TAKEN, SAFE] = [0, VECTOR, 2 * VECTOR];
/** Twice each: the bounds so far. Then, not 0 for what was found. */
const [LEAST, MOST, FOUND] = [3 * VECTOR, 4 * VECTOR, 5 * VECTOR];
const [OUTSIDE, ROUNDED, ROUNDED_INTEGER] = [0, 4, 8];
const INPUT = 6 * VECTOR;
const OUTPUT = INPUT + 8 * BLOCK;
const END = OUTPUT + 4 * BLOCK;

/** `check(size)`: of the first bytes of the input, whole vectors. */
function checkFunction(): WasmFunction {
  const [size, at, largest, taken, safe, least, most] = [0, 1, 2, 3, 4, 5, 6];
  const [outside, rounded, integers, value, float, isOther] = [7, 8, 9, 10, 11, 12];
  const noted = (found: number) => [...localGet(found), ...OR, ...localSet(found)];
  const step = [
    ...[...localGet(at), ...loadAt(INPUT), ...localTee(value), ...F64X2.toSingles],
    ...[...localSet(float), ...localGet(at), ...constant(1), SHIFT_RIGHT, ...localGet(float)],
    ...[...storeLowHalf(OUTPUT), ...localGet(float), ...F64X2.ofSingles, ...localTee(float)],
    // What is missing (NaN) is outside, and not rounded.
    ...[...F64X2.absolute, ...localGet(largest), ...F64X2.atMost, ...localGet(value)],
    ...[...localGet(taken), ...F64X2.atMost, ...AND, ...NOT, ...noted(outside)],
    ...[...localGet(float), ...localGet(value), ...F64X2.unequal],
    ...[...localGet(value), ...localGet(value), ...F64X2.equal, ...AND, ...localTee(isOther)],
    ...[...noted(rounded), ...localGet(value), ...F64X2.floor, ...localGet(value), ...F64X2.equal],
    ...[...localGet(value), ...F64X2.absolute, ...localGet(safe), ...F64X2.atMost, ...AND],
    ...[...localGet(isOther), ...AND, ...noted(integers)],
    ...[...localGet(least), ...localGet(value), ...F64X2.lesserOf, ...localSet(least)],
    ...[...localGet(most), ...localGet(value), ...F64X2.greaterOf, ...localSet(most)],
  ];
  const load = (local: number, place: number) => [
    ...[...constant(place), ...loadAt(0), ...localSet(local)],
  ];
  const store = (local: number, place: number) => [
    ...[...constant(place), ...localGet(local), ...storeAt(0)],
  ];
  const tell = (found: number, place: number) => [
    ...[...constant(FOUND), ...localGet(found), ...ANY, ...storeInteger(place)],
  ];
  const body = [
    ...[...load(largest, FLOAT), ...load(taken, TAKEN), ...load(safe, SAFE)],
    ...[...load(least, LEAST), ...load(most, MOST)],
    ...forVectors(at, size, step),
    ...[...store(least, LEAST), ...store(most, MOST)],
    ...[...tell(outside, OUTSIDE), ...tell(rounded, ROUNDED), ...tell(integers, ROUNDED_INTEGER)],
  ];
  return { name: 'check', parameters: 1, integers: 1, vectors: 11, body };
}

/** Of the doubles of one sequence. */
export interface FloatFacts {
  /** Whether float32 rounds any of them. */
  readonly isRounded: boolean;
  /** Whether one of those is a safe integer. */
  readonly roundsInteger: boolean;
  readonly minimum: number;
  readonly maximum: number;
}

let compiled: object | undefined;

/** Makes float32 of one sequence after the other. */
export class FloatCheck {
  readonly #check: (size: number) => void;
  readonly #constants: Float64Array;
  readonly #bounds: Float64Array;
  readonly #found: Int32Array;
  readonly #input: Float64Array;
  readonly #output: Float32Array;

  constructor() {
    compiled ??= compileWasm([checkFunction()]);
    const { check, memory } = wasmExports(compiled) as {
      check(size: number): void;
      memory: WasmMemory;
    };
    reserveWasm(memory, END);
    const { buffer } = memory;
    this.#check = check;
    this.#constants = new Float64Array(buffer, FLOAT, 6);
    this.#bounds = new Float64Array(buffer, LEAST, 4);
    this.#found = new Int32Array(buffer, FOUND, 3);
    this.#input = new Float64Array(buffer, INPUT, BLOCK);
    this.#output = new Float32Array(buffer, OUTPUT, BLOCK);
    this.#constants.fill(LARGEST_FLOAT32, 0, 2).fill(Number.MAX_SAFE_INTEGER, 4, 6);
  }

  /**
   * Fills `into` with the first of the doubles.
   * @returns undefined, and anything in `into`, where one is missing, larger than `largest` or infinite as float32
   */
  convert(raw: Float64Array, into: Float32Array, largest: number): FloatFacts | undefined {
    this.#constants.fill(largest, 2, 4);
    this.#bounds.fill(Number.POSITIVE_INFINITY, 0, 2).fill(Number.NEGATIVE_INFINITY, 2, 4);
    let [isRounded, roundsInteger] = [false, false];
    for (let begin = 0; begin < into.length; begin += BLOCK) {
      const count = Math.min(BLOCK, into.length - begin);
      this.#input.set(raw.subarray(begin, begin + count));
      // The other half of the last vector.
      if (count % 2 === 1) this.#input[count] = raw[begin]!;
      this.#check(8 * (count + (count % 2)));
      if (this.#found[0] !== 0) return undefined;
      isRounded ||= this.#found[1] !== 0;
      roundsInteger ||= this.#found[2] !== 0;
      into.set(this.#output.subarray(0, count), begin);
    }
    // Each half of a vector has seen every second value.
    const minimum = Math.min(this.#bounds[0]!, this.#bounds[1]!);
    const maximum = Math.max(this.#bounds[2]!, this.#bounds[3]!);
    return { isRounded, roundsInteger, minimum, maximum };
  }
}
