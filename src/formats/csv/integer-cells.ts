/**
 * Divides bytes at a separator and reads the cells that are small integers, sixteen bytes at a time, in WebAssembly: a
 * branch for each byte costs several times as long, since it is guessed wrongly once a cell.
 */
import {
  BOTH,
  compileWasm,
  constant,
  EITHER,
  GREATER,
  I8X16,
  LESS,
  LOAD,
  LOAD_INTEGER,
  LOW_ZEROS,
  localGet,
  localSet,
  localTee,
  MINUS,
  PLUS,
  reserveWasm,
  SELECT,
  SHIFT_LEFT,
  SHIFT_RIGHT,
  storeInteger,
  TIMES,
  UNEQUAL,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
  whenTrue,
  whileTrue,
} from '../../core/wasm.ts';

/** Most bytes that are divided at once. */
export const MOST_BYTES = 2 ** 20;

/** Digits that are read; longer cells count as no integer. */
const DIGITS = 8;
const VECTOR = 16;
/** What was found: the number of cells, and all bits of their integers. */
const FOUND = 0;
/** Bytes ahead of a cell are read with it. */
const INPUT = VECTOR;
const STARTS = INPUT + MOST_BYTES + VECTOR;
const ENDS = STARTS + 4 * (MOST_BYTES + 1);
const INTEGERS = ENDS + 4 * (MOST_BYTES + 1);
const END = INTEGERS + 4 * (MOST_BYTES + 1);

/** `divide(last, separator, base)`: the separator is at `last`, too; the places that it writes are `base` more. */
function divideFunction(): WasmFunction {
  const [last, separator, base, block, bits, start, end, size] = [0, 1, 2, 3, 4, 5, 6, 7];
  const [to, word, shift, value, wrong, all, separators] = [8, 9, 10, 11, 12, 13, 14];
  const left = [...localGet(last), ...localGet(block), MINUS];
  /** The four digits ahead of `back` bytes before the cell's end, of which it has `size` − `back`. */
  const fourDigits = (back: number) => [
    ...[...localGet(end), ...constant(back + 4), MINUS, ...LOAD_INTEGER],
    ...[...constant(0x30303030), UNEQUAL, ...localSet(word)],
    // The bits of bytes that are ahead of the cell.
    ...[...constant(8 * (back + 4)), ...localGet(size), ...constant(3), SHIFT_LEFT, MINUS],
    ...[...constant(0), ...localGet(size), ...constant(back + 4), LESS, SELECT],
    ...[...localSet(shift), ...localGet(word), ...localGet(shift), SHIFT_RIGHT],
    ...[...localGet(shift), SHIFT_LEFT, ...localTee(word)],
    // A byte above 9 sets its highest bit.
    ...[...constant(0x76767676), PLUS, ...localGet(word), EITHER],
    ...[...constant(0x80808080), BOTH, ...localGet(wrong), EITHER, ...localSet(wrong)],
    // Pairs of digits, then all four.
    ...[...localGet(word), ...constant(10), TIMES, ...localGet(word), ...constant(8)],
    ...[SHIFT_RIGHT, PLUS, ...constant(0x00ff00ff), BOTH, ...localTee(word)],
    ...[...constant(0xff), BOTH, ...constant(100), TIMES],
    ...[...localGet(word), ...constant(16), SHIFT_RIGHT, PLUS],
  ];
  const cell = [
    ...[...localGet(block), ...localGet(bits), LOW_ZEROS, PLUS, ...localSet(end)],
    ...[...localGet(bits), ...localGet(bits), ...constant(1), MINUS, BOTH, ...localSet(bits)],
    ...[...localGet(end), ...localGet(start), MINUS, ...localTee(size)],
    // Neither empty nor too long.
    ...[...constant(1), MINUS, ...constant(DIGITS - 1), GREATER, ...localSet(wrong)],
    ...[...fourDigits(0), ...localSet(value)],
    ...whenTrue(
      [...localGet(size), ...constant(4), GREATER],
      [
        ...[...fourDigits(4), ...constant(10_000), TIMES],
        ...[...localGet(value), PLUS, ...localSet(value)],
      ],
    ),
    ...[...constant(-1), ...localGet(value), ...localGet(wrong), SELECT, ...localTee(value)],
    ...[...localGet(all), EITHER, ...localSet(all)],
    ...[...localGet(to), ...localGet(start), ...localGet(base), PLUS, ...storeInteger(STARTS)],
    ...[...localGet(to), ...localGet(end), ...localGet(base), PLUS, ...storeInteger(ENDS)],
    ...[...localGet(to), ...localGet(value), ...storeInteger(INTEGERS)],
    ...[...localGet(to), ...constant(4), PLUS, ...localSet(to)],
    ...[...localGet(end), ...constant(1), PLUS, ...localSet(start)],
  ];
  const body = [
    ...[...localGet(separator), ...I8X16.splat, ...localSet(separators)],
    ...[...constant(INPUT), ...localTee(block), ...localSet(start)],
    ...whileTrue(
      [...left, ...constant(MOST_BYTES + 1), LESS],
      [
        ...[...localGet(block), ...LOAD, ...localGet(separators), ...I8X16.equal],
        ...[...I8X16.bits, ...localSet(bits)],
        // What lies behind the end is not its own.
        ...whenTrue(
          [...left, ...constant(VECTOR), LESS],
          [
            ...[...constant(2), ...left, SHIFT_LEFT, ...constant(1), MINUS],
            ...[...localGet(bits), BOTH, ...localSet(bits)],
          ],
        ),
        ...whileTrue([...localGet(bits)], cell),
        ...[...localGet(block), ...constant(VECTOR), PLUS, ...localSet(block)],
      ],
    ),
    ...[...constant(FOUND), ...localGet(to), ...storeInteger(0)],
    ...[...constant(FOUND), ...localGet(all), ...storeInteger(4)],
  ];
  return { name: 'divide', parameters: 3, integers: 11, vectors: 1, body };
}

/** The cells of the last call, until the next one. */
export interface DividedCells {
  readonly size: number;
  /** Where each cell begins and ends in the bytes. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** What each cell of one to eight digits, and nothing else, says; −1 for others. */
  readonly integers: Int32Array;
  /** All bits of the integers: negative as soon as one cell is none. */
  readonly bits: number;
}

const { divide, memory } = wasmExports(compileWasm([divideFunction()])) as {
  divide(last: number, separator: number, base: number): void;
  memory: WasmMemory;
};
reserveWasm(memory, END);
const input = new Uint8Array(memory.buffer);
const found = new Int32Array(memory.buffer, FOUND, 2);

/** The cells of the bytes `[from, to)`, at most `MOST_BYTES` of them, between separators of one byte. */
export function dividedCells(
  bytes: Uint8Array,
  from: number,
  to: number,
  separator: number,
): DividedCells {
  const last = INPUT + to - from;
  input.set(bytes.subarray(from, to), INPUT);
  input[last] = separator;
  divide(last, separator, from - INPUT);
  const size = found[0]! / 4;
  const [starts, ends, integers] = [STARTS, ENDS, INTEGERS].map(
    (at) => new Int32Array(memory.buffer, at, size),
  ) as [Int32Array, Int32Array, Int32Array];
  return { size, starts, ends, integers, bits: found[1]! };
}

/** Integers in the narrowest type: of bytes, if they have no other bits. */
export const narrowed = (integers: Int32Array, bits: number): Uint8Array | Int32Array =>
  bits <= 0xff ? new Uint8Array(integers) : integers.slice();
