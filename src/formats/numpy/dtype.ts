/** Types of the items of a NumPy array, and how their bytes become numbers and text. */
import { isUtf8 } from 'node:buffer';
import { refuseRounded } from '../../core/exact-integer.ts';
import { doublesOf, filled } from '../../core/typed-arrays.ts';
import type { NumberArray } from '../../source/file/number-array.ts';

/** A type of items. */
export interface DType {
  /** As NumPy writes it: `<f4`. */
  readonly descr: string;
  readonly itemBytes: number;
  readonly isText: boolean;
  /**
   * Items as numbers.
   * @throws RoundedInteger
   */
  numbers(bytes: Buffer): ArrayLike<number>;
  /** One item as text; integers digit by digit. */
  text(item: Buffer): string;
}

const ARRAYS: Readonly<Record<string, (buffer: ArrayBuffer) => NumberArray>> = {
  b1: (buffer) => new Uint8Array(buffer),
  i1: (buffer) => new Int8Array(buffer),
  u1: (buffer) => new Uint8Array(buffer),
  i2: (buffer) => new Int16Array(buffer),
  u2: (buffer) => new Uint16Array(buffer),
  i4: (buffer) => new Int32Array(buffer),
  u4: (buffer) => new Uint32Array(buffer),
  i8: (buffer) => new BigInt64Array(buffer),
  u8: (buffer) => new BigUint64Array(buffer),
  f2: (buffer) => halvesOf(new Uint16Array(buffer)),
  f4: (buffer) => new Float32Array(buffer),
  f8: (buffer) => new Float64Array(buffer),
};

/**
 * The type that a header names.
 * @throws Error for a type that holds neither numbers nor text, such as Python objects
 */
export function parseDType(descr: string): DType {
  const match = /^([<>|=])([biufOSUVMmc])(\d*)$/.exec(descr);
  const [, order = '', kind = '', size = ''] = match ?? [];
  if (kind === 'O')
    throw new Error('its items are Python objects (a pickle), which are never read');
  const swapped = order === '>';
  if (kind === 'U' || kind === 'S') return textType(descr, kind, Number(size), swapped);
  const toArray = ARRAYS[kind + size];
  if (toArray === undefined) throw new Error(`its type "${descr}" holds neither numbers nor text`);
  return numberType(descr, kind === 'b', Number(size), swapped, toArray);
}

function numberType(
  descr: string,
  isBoolean: boolean,
  itemBytes: number,
  swapped: boolean,
  toArray: (buffer: ArrayBuffer) => NumberArray,
): DType {
  const items = (bytes: Buffer) => toArray(alignedCopy(bytes, swapped ? itemBytes : 1));
  return {
    descr,
    itemBytes,
    isText: false,
    numbers: (bytes) => {
      const array = items(bytes);
      if (!(array instanceof BigInt64Array || array instanceof BigUint64Array)) return array;
      const doubles = doublesOf(array);
      refuseRounded(array, doubles);
      return doubles;
    },
    text: (item) => {
      const [value] = items(item);
      return isBoolean ? (value === 0 ? 'False' : 'True') : String(value);
    },
  };
}

/** The bytes at the start of a buffer of their own, each item in this machine's order. */
function alignedCopy(bytes: Buffer, swapBytes: number): ArrayBuffer {
  const copy = Buffer.from(new Uint8Array(bytes).buffer);
  if (swapBytes === 2) copy.swap16();
  if (swapBytes === 4) copy.swap32();
  if (swapBytes === 8) copy.swap64();
  return copy.buffer as ArrayBuffer;
}

/** A number of 16 bits: sign, 5 bits of exponent, 10 of fraction. */
const halvesOf = (halves: Uint16Array): Float32Array =>
  filled(new Float32Array(halves.length), (i) => halfToNumber(halves[i]!));

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Text of one length, with zeros behind shorter ones: `U` holds code points of 4 bytes, `S` bytes of UTF-8. */
function textType(descr: string, kind: 'U' | 'S', size: number, swapped: boolean): DType {
  return {
    descr,
    itemBytes: size * (kind === 'U' ? 4 : 1),
    isText: true,
    numbers: () => {
      throw new Error(`its type "${descr}" is text`);
    },
    text: (item) => {
      const text = kind === 'S' ? utf8(item) : codePoints(alignedCopy(item, swapped ? 4 : 1));
      return text.replace(/\0+$/, '');
    },
  };
}

function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error('a text of it is not valid UTF-8');
  return bytes.toString();
}

function codePoints(buffer: ArrayBuffer): string {
  const points = [...new Uint32Array(buffer)];
  if (points.some((point) => point > 0x10ffff)) throw new Error('a text of it holds no character');
  return String.fromCodePoint(...points);
}
