/** The values of letters, and a check of qualities, in WebAssembly: they are most of what a FASTQ file takes. */
import {
  ANY,
  BOTH,
  compileWasm,
  constant,
  EITHER,
  forVectors,
  I8X16,
  LOAD,
  loadByte,
  localGet,
  localSet,
  localTee,
  MINUS,
  OR,
  PLUS,
  reserveWasm,
  SHIFT_LEFT,
  storeByte,
  storeInteger,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
} from '../../core/wasm.ts';
import { IGNORED } from './alphabet.ts';

const VECTOR = 16;
/** Bytes of a read that are looked at together. */
const PIECE = 2 ** 16;
/** What was found: not 0 for what should not be there. */
const FOUND = 0;
const CODES = 16;
const INPUT = CODES + 256;
const OUTPUT = INPUT + PIECE;
const END = OUTPUT + PIECE;
/** Letters that are decoded between two looks at the end. */
const UNROLLED = 4;

/** `decode(size)`: the values of the first bytes of the input. One from `IGNORED` on is that of no letter. */
function decodeFunction(): WasmFunction {
  const [size, most, at, wrong, value] = [0, 1, 2, 3, 4];
  const letter = (offset: number) => [
    ...[...localGet(at), ...localGet(at), ...loadByte(INPUT + offset), ...loadByte(CODES)],
    ...[...localTee(value), ...storeByte(OUTPUT + offset)],
    ...[...localGet(value), ...constant(256 - IGNORED), PLUS, ...localGet(wrong), EITHER],
    ...localSet(wrong),
  ];
  const letters = Array.from({ length: UNROLLED }, (_, offset) => letter(offset)).flat();
  const body = [
    ...[...localGet(size), ...constant(-UNROLLED), BOTH, ...localSet(most)],
    ...forVectors(at, most, letters, UNROLLED),
    ...forVectors(at, size, letter(0), 1),
    // A value from `IGNORED` on has set a bit above those of a byte.
    ...[...constant(FOUND), ...localGet(wrong), ...constant(0x100), BOTH, ...storeInteger(0)],
  ];
  return { name: 'decode', parameters: 1, integers: 4, vectors: 0, body };
}

/** `check(size, least, most)`: looks for bytes of the input that are less or more. */
function checkFunction(): WasmFunction {
  const [size, least, most, whole, at, wrong] = [0, 1, 2, 3, 4, 5];
  const [byte, leasts, mosts, outside] = [6, 7, 8, 9];
  const input = [...localGet(at), ...constant(INPUT), PLUS];
  const vector = [
    ...[...localGet(leasts), ...input, ...LOAD, ...I8X16.excess],
    ...[...input, ...LOAD, ...localGet(mosts), ...I8X16.excess, ...OR],
    ...[...localGet(outside), ...OR, ...localSet(outside)],
  ];
  const rest = [
    ...[...localGet(at), ...loadByte(INPUT), ...localTee(byte), ...localGet(least), MINUS],
    ...[...localGet(most), ...localGet(byte), MINUS, EITHER, ...localGet(wrong), EITHER],
    ...localSet(wrong),
  ];
  const body = [
    ...[...localGet(least), ...I8X16.splat, ...localSet(leasts)],
    ...[...localGet(most), ...I8X16.splat, ...localSet(mosts)],
    ...[...localGet(size), ...constant(-VECTOR), BOTH, ...localSet(whole)],
    ...forVectors(at, whole, vector),
    ...forVectors(at, size, rest, 1),
    // A difference below 0 has set the highest bit.
    ...[...constant(FOUND), ...localGet(wrong), ...constant(1), ...constant(31), SHIFT_LEFT, BOTH],
    ...[...localGet(outside), ...ANY, EITHER, ...storeInteger(0)],
  ];
  return { name: 'check', parameters: 3, integers: 4, vectors: 3, body };
}

let compiled: object | undefined;

/** Looks at reads whose letters have these values. */
export class ReadKernel {
  readonly #decode: (size: number) => void;
  readonly #check: (size: number, least: number, most: number) => void;
  readonly #found: Int32Array;
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;

  /** @param codes the value of each byte */
  constructor(codes: Uint8Array) {
    compiled ??= compileWasm([decodeFunction(), checkFunction()]);
    const { memory, decode, check } = wasmExports(compiled) as {
      memory: WasmMemory;
      decode(size: number): void;
      check(size: number, least: number, most: number): void;
    };
    reserveWasm(memory, END);
    [this.#decode, this.#check] = [decode, check];
    new Uint8Array(memory.buffer).set(codes, CODES);
    this.#found = new Int32Array(memory.buffer, FOUND, 1);
    this.#input = new Uint8Array(memory.buffer, INPUT, PIECE);
    this.#output = new Uint8Array(memory.buffer, OUTPUT, PIECE);
  }

  /**
   * Writes the values of letters to `into`, from `at` on.
   * @returns whether one of them is no letter
   */
  decode(letters: Uint8Array, into: Uint8Array, at: number): boolean {
    let isWrong = false;
    for (let begin = 0; begin < letters.length; begin += PIECE) {
      const size = this.#take(letters, begin);
      this.#decode(size);
      isWrong ||= this.#found[0] !== 0;
      into.set(this.#output.subarray(0, size), at + begin);
    }
    return isWrong;
  }

  /** Whether all bytes lie in [least, most]. */
  areWithin(bytes: Uint8Array, least: number, most: number): boolean {
    for (let begin = 0; begin < bytes.length; begin += PIECE) {
      this.#check(this.#take(bytes, begin), least, most);
      if (this.#found[0] !== 0) return false;
    }
    return true;
  }

  #take(bytes: Uint8Array, begin: number): number {
    const piece = bytes.subarray(begin, begin + PIECE);
    this.#input.set(piece);
    return piece.length;
  }
}
