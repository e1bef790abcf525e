/**
 * Divides bytes at a separator and reads the cells that are short numbers, sixteen bytes at a time, in WebAssembly: a
 * branch for each byte costs several times as long, since it is guessed wrongly once a cell.
 */
import { CopyBlock } from '../../core/copy-block.ts';
import {
  ANY,
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
  I16X8,
  I32X4,
  I64,
  LESS,
  LOAD,
  LOW_ZEROS,
  loadAt,
  loadByte,
  loadInteger,
  localGet,
  localSet,
  localTee,
  MINUS,
  NOT_EQUAL,
  ONES,
  PLUS,
  reserveWasm,
  SELECT,
  SHIFT_LEFT,
  storeByte,
  storeInteger,
  TIMES,
  UNEQUAL,
  vectorConstant,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
  whenTrue,
  whileTrue,
  XOR,
} from '../../core/wasm.ts';

/** Most bytes that are divided at once. */
export const MOST_BYTES = 2 ** 20;

/** Bytes of a number with its point, and its digits: a double holds so many. */
const VECTOR = 16;
const MOST_DIGITS = 15;
/** Digits of an integer. */
const INTEGER_DIGITS = 8;
/** Places where a point may be in a vector, and the one that stands for none. */
const POINTS = VECTOR + 1;
/** What was found: the number of cells, and all bits of their integers. */
const FOUND = 0;
/** By the place of the point: what the digits are divided by. Then the factors of the two signs, and of no number. */
const POWERS = VECTOR;
const SIGNS = POWERS + 8 * POINTS;
/** By the number of bytes and the place of the point: where each digit is, the last one at the end. */
const PLACES = SIGNS + 4 * 8;
/** Bytes ahead of a cell are read with it. */
const INPUT = PLACES + VECTOR * POINTS * VECTOR + VECTOR;
/** Ends are written four at a time. */
const STARTS = INPUT + MOST_BYTES + VECTOR;
const ENDS = STARTS + 4 * (MOST_BYTES + 2);
const INTEGERS = ENDS + 4 * (MOST_BYTES + 6);
const NUMBERS = INTEGERS + 4 * (MOST_BYTES + 2);
const END = NUMBERS + 8 * (MOST_BYTES + 1);
/** Bits that no integer has: of a cell that is none, and of one that is no number either. */
const NO_NUMBER_BIT = 30;
const [NO_INTEGER, NO_NUMBER] = [1 << 31, 1 << NO_NUMBER_BIT];
const [SPACE, POINT, MINUS_SIGN, ZERO] = [0x20, 0x2e, 0x2d, 0x30];

/** Four times the two numbers of 16 bits. */
const eightShorts = (first: number, second = first) => {
  const shorts = Uint16Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? first : second));
  return vectorConstant([...new Uint8Array(shorts.buffer)]);
};

const eightBytes = (byte: number) => I64.constant(0x0101_0101_0101_0101n * BigInt(byte));
/** Of neighbours that are multiplied so that their sum lies `bits` higher, those sums that `mask` leaves. */
const merged = (factor: bigint, bits: bigint, mask = -1n) => [
  ...[...I64.constant(factor), ...I64.times, ...I64.constant(bits), ...I64.shiftRight],
  ...[...I64.constant(mask), ...I64.both],
];

/**
 * `divide(last, separator, base, gap)`: the separator is at `last`, too; the places that it writes are `base` more. `gap`
 * spaces, 0 or 1, follow each separator. All ends are found first: cells of any lengths take no unforeseen branch then.
 */
function divideFunction(): WasmFunction {
  const [last, separator, base, gap, block, bits, start, stop] = [0, 1, 2, 3, 4, 5, 6, 7];
  const [to, next, size, isNegative, point, value, wrong, all] = [8, 9, 10, 11, 12, 13, 14, 15];
  const [count, ahead, separators, bytes] = [16, 17, 18, 19];
  const [points, zeros, nines, tens, hundreds, thousands] = [20, 21, 22, 23, 24, 25];
  const [digits, shift] = [26, 27];
  const left = [...localGet(last), ...localGet(block), MINUS];
  const lowestEnd = (offset: number) => [
    ...[...localGet(to), ...localGet(block), ...localGet(bits), LOW_ZEROS, PLUS],
    ...storeInteger(ENDS + offset),
    ...[...localGet(bits), ...localGet(bits), ...constant(1), MINUS, BOTH, ...localSet(bits)],
  ];
  const findEnds = [
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
    ...[...localGet(to), ...localGet(bits), ONES, ...constant(2), SHIFT_LEFT, PLUS],
    ...localSet(next),
    // Those behind the last one are overwritten.
    ...whileTrue(
      [...localGet(bits)],
      [
        ...[0, 4, 8, 12].flatMap(lowestEnd),
        ...[...localGet(to), ...constant(16), PLUS, ...localSet(to)],
      ],
    ),
    ...[...localGet(next), ...localSet(to)],
    ...[...localGet(block), ...constant(VECTOR), PLUS, ...localSet(block)],
  ];
  const hasPoint = [...localGet(point), ...constant(VECTOR), LESS];
  const signFactor = [
    ...localGet(wrong),
    ...constant(1),
    SHIFT_LEFT,
    ...localGet(isNegative),
    PLUS,
  ];
  /** Bytes without the sign, one less, from 0 to 15. */
  const row = [...localGet(size), ...constant(1), MINUS, ...constant(VECTOR - 1), BOTH];
  const numberPlace = [...localGet(to), ...constant(1), SHIFT_LEFT];
  const isMisplaced = [
    ...[...localGet(start), ...constant(1), MINUS, ...loadByte(0), ...localGet(ahead), NOT_EQUAL],
  ];
  const startByte = [...localGet(start), ...loadByte(0)];
  /** A cell that is no short integer. */
  const other = [
    ...[...startByte, ...constant(MINUS_SIGN), EQUAL, ...localSet(isNegative)],
    ...[...localGet(size), ...localGet(isNegative), MINUS, ...localSet(size)],
    ...[...localGet(stop), ...constant(VECTOR), MINUS, ...LOAD, ...localTee(bytes)],
    ...[...localGet(points), ...I8X16.equal, ...I8X16.bits],
    // Bytes ahead of the cell are no points of it.
    ...[...constant(-1), ...constant(VECTOR - 1), ...row, MINUS, SHIFT_LEFT, BOTH],
    ...[...constant(1 << VECTOR), EITHER, LOW_ZEROS, ...localSet(point)],
    ...[...localGet(bytes), ...localGet(zeros), ...XOR],
    ...[...row, ...constant(POINTS), TIMES, ...localGet(point), PLUS],
    ...[...constant(4), SHIFT_LEFT, ...loadAt(PLACES), ...I8X16.choose, ...localTee(bytes)],
    // A sign or a second point is no digit.
    ...[...localGet(nines), ...I8X16.excess, ...ANY],
    ...[...localGet(size), ...hasPoint, MINUS, ...constant(1), MINUS],
    ...[...constant(MOST_DIGITS - 1), GREATER, EITHER, ...isMisplaced, EITHER, ...localSet(wrong)],
    // Numbers of two digits, of four, of eight.
    ...[...localGet(bytes), ...localGet(tens), ...I16X8.multiply],
    ...[...constant(8), ...I16X8.shift, ...localGet(hundreds), ...I32X4.dot, ...localTee(bytes)],
    ...[...localGet(bytes), ...I16X8.narrow, ...localGet(thousands), ...I32X4.dot],
    ...[...localSet(bytes), ...numberPlace],
    ...[...localGet(bytes), ...I32X4.lane(0), F64_FROM_INTEGER, ...f64Constant(1e8), F64_MULTIPLY],
    ...[...localGet(bytes), ...I32X4.lane(1), F64_FROM_INTEGER, F64_ADD],
    // Dividend and divisor are exact: the division alone rounds.
    ...[...localGet(point), ...constant(3), SHIFT_LEFT, ...f64Load(POWERS), F64_DIVIDE],
    ...[...signFactor, ...constant(3), SHIFT_LEFT, ...f64Load(SIGNS), F64_MULTIPLY],
    ...[...f64Store(NUMBERS), ...constant(NO_INTEGER), ...localGet(wrong)],
    ...[...constant(NO_NUMBER_BIT), SHIFT_LEFT, EITHER, ...localSet(value)],
  ];
  const short = [
    // Numbers of two digits, of four, of eight.
    ...[...localGet(digits), ...merged(1n + (10n << 8n), 8n, 0x00ff_00ff_00ff_00ffn)],
    ...[...merged(1n + (100n << 16n), 16n, 0x0000_ffff_0000_ffffn)],
    ...[...merged(1n + (10_000n << 32n), 32n), ...I64.toInteger, ...localSet(value)],
    ...[...numberPlace, ...localGet(value), F64_FROM_INTEGER, ...f64Store(NUMBERS)],
  ];
  const cell = [
    ...[...localGet(to), ...loadInteger(ENDS), ...localTee(stop), ...localGet(start), MINUS],
    ...[...localSet(size), ...constant(0), ...localGet(size), ...constant(3), SHIFT_LEFT, MINUS],
    ...[...I64.ofInteger, ...localSet(shift)],
    // Eight digits. The bytes ahead of the cell become zeros.
    ...[...localGet(stop), ...constant(8), MINUS, ...I64.load(0), ...eightBytes(ZERO), ...I64.xor],
    ...[...localGet(shift), ...I64.shiftRight, ...localGet(shift), ...I64.shiftLeft],
    // A byte above 9 sets its highest bit.
    ...[...localTee(digits), ...eightBytes(0x76), ...I64.plus, ...localGet(digits), ...I64.either],
    ...[...eightBytes(0x80), ...I64.both, ...I64.isZero, ...constant(1), UNEQUAL, ...isMisplaced],
    ...[EITHER, ...localGet(size), ...constant(1), MINUS, ...constant(INTEGER_DIGITS - 1)],
    ...[GREATER, EITHER],
    ...whenTrue([], other, short),
    ...[...localGet(to), ...localGet(value), ...storeInteger(INTEGERS)],
    ...[...localGet(value), ...localGet(all), EITHER, ...localSet(all)],
    ...[...localGet(to), ...localGet(start), ...localGet(base), PLUS, ...storeInteger(STARTS)],
    ...[...localGet(to), ...localGet(stop), ...localGet(base), PLUS, ...storeInteger(ENDS)],
    ...[...localGet(to), ...constant(4), PLUS, ...localSet(to)],
    ...[...localGet(stop), ...constant(1), PLUS, ...localGet(gap), PLUS, ...localSet(start)],
  ];
  const splat = (byte: readonly number[], vector: number) => [
    ...[...byte, ...I8X16.splat, ...localSet(vector)],
  ];
  const body = [
    ...[...splat(localGet(separator), separators), ...splat(constant(POINT), points)],
    ...[...splat(constant(ZERO), zeros), ...splat(constant(9), nines)],
    ...[...eightShorts(1 + 10 * 256), ...localSet(tens)],
    ...[...eightShorts(100, 1), ...localSet(hundreds)],
    ...[...eightShorts(10_000, 1), ...localSet(thousands)],
    // What is ahead of each cell.
    ...[...constant(SPACE), ...localGet(separator), ...localGet(gap), SELECT, ...localSet(ahead)],
    ...[...constant(INPUT - 1), ...localGet(ahead), ...storeByte(0)],
    ...[...constant(INPUT), ...localTee(block), ...localSet(start)],
    ...whileTrue([...left, ...constant(MOST_BYTES + 1), LESS], findEnds),
    ...[...localGet(to), ...localSet(count), ...constant(0), ...localSet(to)],
    ...whileTrue([...localGet(to), ...localGet(count), LESS], cell),
    ...[...constant(FOUND), ...localGet(to), ...storeInteger(0)],
    ...[...constant(FOUND), ...localGet(all), ...storeInteger(4)],
  ];
  return { name: 'divide', parameters: 4, integers: 14, vectors: 8, longs: 2, body };
}

let compiled: object | undefined;

/** Divides one row after the other, and keeps the cells of the last one. */
export class CellDivider {
  size = 0;
  /** Where each cell begins and ends in the bytes. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** What each cell of one to eight digits, and nothing else, says; negative for others. */
  readonly integers: Int32Array;
  /** All bits of the integers: `areIntegers` and `areNumbers` say what they mean. */
  bits = 0;
  /** What each cell of at most 15 digits says, with a minus or not, and a point or not; NaN for others. */
  readonly numbers: Float64Array;
  readonly #divide: (last: number, separator: number, base: number, gap: number) => void;
  readonly #input: Uint8Array;
  readonly #found: Int32Array;

  constructor() {
    compiled ??= compileWasm([divideFunction()]);
    const { divide, memory } = wasmExports(compiled) as {
      divide(last: number, separator: number, base: number, gap: number): void;
      memory: WasmMemory;
    };
    reserveWasm(memory, END);
    const { buffer } = memory;
    new Float64Array(buffer, POWERS, POINTS).set(powers());
    new Float64Array(buffer, SIGNS, 4).set([1, -1, Number.NaN, Number.NaN]);
    new Uint8Array(buffer, PLACES, VECTOR * POINTS * VECTOR).set(places());
    this.#divide = divide;
    this.#input = new Uint8Array(buffer, INPUT, MOST_BYTES + 1);
    this.#found = new Int32Array(buffer, FOUND, 2);
    [this.starts, this.ends, this.integers] = [STARTS, ENDS, INTEGERS].map(
      (at) => new Int32Array(buffer, at, MOST_BYTES + 1),
    ) as [Int32Array, Int32Array, Int32Array];
    this.numbers = new Float64Array(buffer, NUMBERS, MOST_BYTES + 1);
  }

  /**
   * The cells of the bytes `[from, to)`, at most `MOST_BYTES` of them, between separators of one byte.
   * @param gap spaces behind each separator; where there are fewer or more, the cell counts as no number
   */
  divide(bytes: Uint8Array, from: number, to: number, separator: number, gap: 0 | 1 = 0): this {
    this.#input.set(bytes.subarray(from, to));
    this.#input[to - from] = separator;
    this.#divide(INPUT + to - from, separator, from - INPUT, gap);
    this.size = this.#found[0]! / 4;
    this.bits = this.#found[1]!;
    return this;
  }
}

/** What the digits are divided by, for each place of the point in a vector; the last is that of no point. */
const powers = () => [...Array.from({ length: VECTOR }, (_, at) => 10 ** (VECTOR - 1 - at)), 1];

/** Where each digit is, for each number of bytes and each place of the point; 255 where there is none. */
const places = () =>
  Array.from({ length: VECTOR }, (_, row) =>
    Array.from({ length: POINTS }, (_, point) =>
      Array.from({ length: VECTOR }, (_, digit) => {
        const at = point === VECTOR || digit > point ? digit : digit - 1;
        return at < VECTOR - 1 - row ? 0xff : at;
      }),
    ),
  ).flat(2);

/** Whether cells with these bits are all short integers, or all numbers. */
export const areIntegers = (bits: number): boolean => bits >= 0;
export const areNumbers = (bits: number): boolean => (bits & NO_NUMBER) === 0;

const copies = new CopyBlock();

/** Copies of integers in the narrowest type: of bytes, if they have no other bits. */
export const narrowed = (integers: Int32Array, bits: number): Uint8Array | Int32Array =>
  bits <= 0xff ? copies.bytes(integers) : integers.slice();
