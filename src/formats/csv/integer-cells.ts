/**
 * Divides bytes at a separator and reads the cells that are short numbers, sixteen bytes at a time, in WebAssembly: a
 * branch for each byte costs several times as long, since it is guessed wrongly once a cell.
 */
import {
  BOTH,
  compileWasm,
  constant,
  EITHER,
  EQUAL,
  F64_ADD,
  F64_DIVIDE,
  F64_FROM_INTEGER,
  F64_MULTIPLY,
  f64Constant,
  f64Load,
  f64Store,
  GREATER,
  I8X16,
  LESS,
  LOAD,
  LOAD_INTEGER,
  LOW_ZEROS,
  loadByte,
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

/** Digits that are read of an integer, and on each side of a point. */
const DIGITS = 8;
const VECTOR = 16;
/** What was found: the number of cells, all bits of their integers, and not 0 if a cell is no number that is read. */
const FOUND = 0;
/** Powers of ten, and the factors of the two signs. */
const POWERS = VECTOR;
const SIGNS = POWERS + 8 * (DIGITS + 1);
/** Bytes ahead of a cell are read with it. */
const INPUT = SIGNS + 2 * 8 + VECTOR;
const STARTS = INPUT + MOST_BYTES + VECTOR;
const ENDS = STARTS + 4 * (MOST_BYTES + 2);
const INTEGERS = ENDS + 4 * (MOST_BYTES + 2);
const NUMBERS = INTEGERS + 4 * (MOST_BYTES + 2);
const END = NUMBERS + 8 * (MOST_BYTES + 1);
const [SPACE, POINT, MINUS_SIGN] = [0x20, 0x2e, 0x2d];

/**
 * `divide(last, separator, base, gap)`: the separator is at `last`, too; the places that it writes are `base` more. `gap`
 * spaces, 0 or 1, follow each separator.
 */
function divideFunction(): WasmFunction {
  const [last, separator, base, gap, block, bits, start, end] = [0, 1, 2, 3, 4, 5, 6, 7];
  const [to, word, shift, value, wrong, all, stop, isNegative] = [8, 9, 10, 11, 12, 13, 14, 15];
  const [points, fraction, digits, unread, size, isMisplaced] = [16, 17, 18, 19, 20, 21];
  const separators = 22;
  const left = [...localGet(last), ...localGet(block), MINUS];
  /** The four digits ahead of `back` bytes before `end`, where `size` − `back` bytes count. */
  const fourDigits = (back: number) => [
    ...[...localGet(end), ...constant(back + 4), MINUS, ...LOAD_INTEGER],
    ...[...constant(0x30303030), UNEQUAL, ...localSet(word)],
    // The bits of bytes that are ahead of those that count.
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
  /** The integer of the `size` digits ahead of `end`, one to eight. */
  const readDigits = [
    ...[...fourDigits(0), ...localSet(digits)],
    ...whenTrue(
      [...localGet(size), ...constant(4), GREATER],
      [
        ...[...fourDigits(4), ...constant(10_000), TIMES],
        ...[...localGet(digits), PLUS, ...localSet(digits)],
      ],
    ),
  ];
  const hasPoint = [...localGet(points), ...constant(0), GREATER];
  const power = [...localGet(fraction), ...constant(3), SHIFT_LEFT, ...f64Load(POWERS)];
  const signFactor = [...localGet(isNegative), ...constant(3), SHIFT_LEFT, ...f64Load(SIGNS)];
  const numberPlace = [...localGet(to), ...constant(1), SHIFT_LEFT];
  /** Digits with a minus, or with a point between them, of a cell that is no short integer; NaN for any other. */
  const decimal = [
    ...[
      ...localGet(start),
      ...loadByte(0),
      ...constant(MINUS_SIGN),
      EQUAL,
      ...localSet(isNegative),
    ],
    ...[...localGet(stop), ...localGet(start), MINUS, ...localGet(isNegative), MINUS],
    ...[
      ...localTee(size),
      ...constant(VECTOR),
      GREATER,
      ...localGet(isMisplaced),
      EITHER,
      ...localSet(wrong),
    ],
    // Bytes ahead of the cell are no points of it, and it has one at most.
    ...[...localGet(stop), ...constant(VECTOR), MINUS, ...LOAD],
    ...[...constant(POINT), ...I8X16.splat, ...I8X16.equal, ...I8X16.bits],
    ...[...constant(0xffff), ...constant(VECTOR), ...localGet(size), MINUS, SHIFT_LEFT, BOTH],
    ...[...localTee(points), ...localGet(points), ...constant(1), MINUS, BOTH],
    ...[...localGet(wrong), EITHER, ...localSet(wrong)],
    ...[...constant(VECTOR - 1), ...localGet(points), LOW_ZEROS, MINUS, ...constant(0)],
    ...[...hasPoint, SELECT, ...localSet(fraction)],
    ...[...localGet(size), ...localGet(fraction), MINUS, ...hasPoint, MINUS, ...localTee(size)],
    ...[...constant(1), MINUS, ...constant(DIGITS - 1), GREATER],
    ...[...localGet(fraction), ...hasPoint, MINUS, ...constant(DIGITS - 1), GREATER],
    ...[...hasPoint, BOTH, EITHER, ...localGet(wrong), EITHER, ...localSet(wrong)],
    ...[...localGet(stop), ...localGet(fraction), MINUS, ...hasPoint, MINUS, ...localSet(end)],
    ...[
      ...readDigits,
      ...localGet(digits),
      ...localSet(value),
      ...constant(0),
      ...localSet(digits),
    ],
    ...whenTrue(hasPoint, [
      ...[...localGet(stop), ...localSet(end), ...localGet(fraction), ...localSet(size)],
      ...readDigits,
    ]),
    ...[...numberPlace, ...f64Constant(Number.NaN)],
    // The dividend has 15 digits at most: it is exact as the power is, and the division alone rounds.
    ...[...localGet(value), F64_FROM_INTEGER, ...power, F64_MULTIPLY],
    ...[...localGet(digits), F64_FROM_INTEGER, F64_ADD, ...power, F64_DIVIDE],
    ...[...signFactor, F64_MULTIPLY, ...localGet(wrong), SELECT, ...f64Store(NUMBERS)],
    ...[...localGet(unread), ...localGet(wrong), EITHER, ...localSet(unread)],
  ];
  const cell = [
    ...[
      ...localGet(block),
      ...localGet(bits),
      LOW_ZEROS,
      PLUS,
      ...localTee(stop),
      ...localSet(end),
    ],
    ...[...localGet(bits), ...localGet(bits), ...constant(1), MINUS, BOTH, ...localSet(bits)],
    ...[...localGet(end), ...localGet(start), MINUS, ...localSet(size)],
    // Behind the first cell.
    ...[...localGet(start), ...constant(1), MINUS, ...loadByte(0), ...constant(SPACE), UNEQUAL],
    ...[...constant(0), ...localGet(gap), ...localGet(to), ...constant(0), GREATER, BOTH, SELECT],
    ...localSet(isMisplaced),
    // Neither empty nor too long.
    ...[...localGet(size), ...constant(1), MINUS, ...constant(DIGITS - 1), GREATER],
    ...[...localGet(isMisplaced), EITHER, ...localSet(wrong)],
    ...readDigits,
    ...[...constant(-1), ...localGet(digits), ...localGet(wrong), SELECT, ...localTee(value)],
    ...[...localGet(all), EITHER, ...localSet(all)],
    ...[...localGet(to), ...localGet(start), ...localGet(base), PLUS, ...storeInteger(STARTS)],
    ...[...localGet(to), ...localGet(stop), ...localGet(base), PLUS, ...storeInteger(ENDS)],
    ...[...localGet(to), ...localGet(value), ...storeInteger(INTEGERS)],
    ...[...numberPlace, ...localGet(value), F64_FROM_INTEGER, ...f64Store(NUMBERS)],
    ...whenTrue([...localGet(wrong)], decimal),
    ...[...localGet(to), ...constant(4), PLUS, ...localSet(to)],
    ...[...localGet(stop), ...constant(1), PLUS, ...localGet(gap), PLUS, ...localSet(start)],
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
    ...[...constant(FOUND), ...localGet(unread), ...storeInteger(8)],
  ];
  return { name: 'divide', parameters: 4, integers: 18, vectors: 1, body };
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
  /**
   * What each cell says that is such an integer, with a minus or not, or that has a point between one to eight digits on
   * each side, and 16 bytes at most; NaN for others.
   */
  readonly numbers: Float64Array;
  /** Whether all are numbers. */
  readonly areNumbers: boolean;
}

const { divide, memory } = wasmExports(compileWasm([divideFunction()])) as {
  divide(last: number, separator: number, base: number, gap: number): void;
  memory: WasmMemory;
};
reserveWasm(memory, END);
const input = new Uint8Array(memory.buffer);
const found = new Int32Array(memory.buffer, FOUND, 3);
new Float64Array(memory.buffer, POWERS, DIGITS + 1).set(
  Array.from({ length: DIGITS + 1 }, (_, exponent) => 10 ** exponent),
);
new Float64Array(memory.buffer, SIGNS, 2).set([1, -1]);

/**
 * The cells of the bytes `[from, to)`, at most `MOST_BYTES` of them, between separators of one byte.
 * @param gap spaces behind each separator; where there are fewer or more, the cell counts as no number
 */
export function dividedCells(
  bytes: Uint8Array,
  from: number,
  to: number,
  separator: number,
  gap: 0 | 1 = 0,
): DividedCells {
  const last = INPUT + to - from;
  input.set(bytes.subarray(from, to), INPUT);
  input[last] = separator;
  divide(last, separator, from - INPUT, gap);
  const size = found[0]! / 4;
  const [starts, ends, integers] = [STARTS, ENDS, INTEGERS].map(
    (at) => new Int32Array(memory.buffer, at, size),
  ) as [Int32Array, Int32Array, Int32Array];
  const numbers = new Float64Array(memory.buffer, NUMBERS, size);
  return { size, starts, ends, integers, bits: found[1]!, numbers, areNumbers: found[2] === 0 };
}

/** Integers in the narrowest type: of bytes, if they have no other bits. */
export const narrowed = (integers: Int32Array, bits: number): Uint8Array | Int32Array =>
  bits <= 0xff ? new Uint8Array(integers) : integers.slice();
