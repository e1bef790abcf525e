/** Assembles small WebAssembly modules of SIMD functions, which run in any Node without set-up. */

/** What is used of a standard that TypeScript's Node library does not declare. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export const PAGE_BYTES = 1 << 16;

/** A module's memory. */
export interface WasmMemory {
  /** Another one after each growth. */
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const I32 = 0x7f;
const I64_TYPE = 0x7e;
const V128 = 0x7b;
const SIMD = 0xfd;
const END = 0x0b;

/** Unsigned LEB128, WebAssembly's encoding of integers. */
const integer = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...integer(value >>> 7)];
const section = (id: number, body: number[]) => [id, ...integer(body.length), ...body];
const name = (text: string) => [text.length, ...Buffer.from(text)];

export const localGet = (local: number) => [0x20, local];
export const localSet = (local: number) => [0x21, local];
export const localTee = (local: number) => [0x22, local];
/** Signed LEB128. */
const signed = (value: number): number[] =>
  value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
const signedLong = (value: bigint): number[] => {
  const low = Number(value & 0x7fn);
  return value >= -64n && value < 64n ? [low] : [low | 0x80, ...signedLong(value >> 7n)];
};
/** An int32. */
export const constant = (value: number) => [0x41, ...signed(value | 0)];
export const [PLUS, MINUS, TIMES, SHIFT_LEFT, SHIFT_RIGHT] = [0x6a, 0x6b, 0x6c, 0x74, 0x76];
/** Of integers: bits, how many of the lowest are 0, and how many are 1. */
export const [BOTH, EITHER, UNEQUAL, LOW_ZEROS, ONES] = [0x71, 0x72, 0x73, 0x68, 0x69];
/** Of integers without a sign. */
export const [LESS, GREATER] = [0x49, 0x4b];
/** 1 or 0. */
export const [EQUAL, NOT_EQUAL] = [0x46, 0x47];
/** Integers of 64 bits. */
export const I64 = {
  load: (offset: number) => [0x29, 0, ...integer(offset)],
  constant: (value: bigint) => [0x42, ...signedLong(BigInt.asIntN(64, value))],
  ofInteger: [0xad],
  toInteger: [0xa7],
  isZero: [0x50],
  plus: [0x7c],
  times: [0x7e],
  both: [0x83],
  either: [0x84],
  xor: [0x85],
  shiftLeft: [0x86],
  shiftRight: [0x88],
} as const;
/** The first of two where the third is not 0, else the second. */
export const SELECT = 0x1b;
/** Loads an integer from an address. */
export const loadInteger = (offset: number) => [0x28, 0, ...integer(offset)];
export const LOAD_INTEGER = loadInteger(0);
/** Loads a byte, as an integer without a sign, from an address. */
export const loadByte = (offset: number) => [0x2d, 0, ...integer(offset)];
/** Stores the lowest byte of an integer. */
export const storeByte = (offset: number) => [0x3a, 0, ...integer(offset)];
/** Stores an integer `offset` bytes behind an address. */
export const storeInteger = (offset: number) => [0x36, 2, ...integer(offset)];

/** Stores the lower half of an integer. */
export const storeShort = (offset: number) => [0x3b, 1, ...integer(offset)];

/** Vectors of 16 bytes; addresses need no alignment. */
export const loadAt = (offset: number) => [SIMD, 0x00, 2, ...integer(offset)];
export const LOAD = loadAt(0);
export const storeAt = (offset: number) => [SIMD, 0x0b, 2, ...integer(offset)];
export const STORE = storeAt(0);
/** The lower eight bytes. */
export const storeLowHalf = (offset: number) => [SIMD, 0x5b, 3, ...integer(offset), 0];
export const AND = [SIMD, 0x4e];
export const AND_NOT = [SIMD, 0x4f];
export const OR = [SIMD, 0x50];
export const XOR = [SIMD, 0x51];
export const NOT = [SIMD, 0x4d];
/** Whether any bit is set, as an integer. */
export const ANY = [SIMD, 0x53];
/** @param bytes sixteen */
export const vectorConstant = (bytes: readonly number[]) => [SIMD, 0x0c, ...bytes];
/** Sixteen bytes. */
export const I8X16 = {
  splat: [SIMD, 0x0f],
  /** Those of the first at the places that the second names; 0 for a place above 15. */
  choose: [SIMD, 0x0e],
  equal: [SIMD, 0x23],
  /** A bit of each, from the lowest. */
  bits: [SIMD, 0x64],
  /** Without a sign; 0 where the second is greater. */
  excess: [SIMD, 0x73],
  /** Without a sign. */
  lesserOf: [SIMD, 0x77],
  greaterOf: [SIMD, 0x79],
} as const;
/** Eight of 16 bits. Some come from pairs of bytes, or from the lower or the upper eight bytes of two vectors, without a sign. */
export const I16X8 = {
  multiply: [SIMD, 0x95, 0x01],
  /** To the right, without a sign, by an integer. */
  shift: [SIMD, 0x8d, 0x01],
  /** The int32 of two vectors, which must fit. */
  narrow: [SIMD, 0x85, 0x01],
  sumsOfPairs: [SIMD, 0x7d],
  productsOfLower: [SIMD, 0x9e, 0x01],
  productsOfUpper: [SIMD, 0x9f, 0x01],
} as const;
/** Four float32. */
export const F32X4 = {
  loadSplat: (offset: number) => [SIMD, 0x09, 2, ...integer(offset)],
  add: [SIMD, 0xe4, 0x01],
  subtract: [SIMD, 0xe5, 0x01],
  /** The second where it is greater, else the first. */
  greaterOf: [SIMD, 0xeb, 0x01],
  absolute: [SIMD, 0xe0, 0x01],
  negate: [SIMD, 0xe1, 0x01],
  less: [SIMD, 0x43],
  greater: [SIMD, 0x44],
} as const;
/** Four int32. */
export const I32X4 = {
  lane: (index: number) => [SIMD, 0x1b, index],
  add: [SIMD, 0xae, 0x01],
  subtract: [SIMD, 0xb1, 0x01],
  greaterOf: [SIMD, 0xb8, 0x01],
  /** Of pairs of 16 bits each, the sum of their products with those of another vector. */
  dot: [SIMD, 0xba, 0x01],
  /** Of eight numbers of 16 bits without a sign. */
  sumsOfPairs: [SIMD, 0x7f],
} as const;
/** Two float64. */
export const F64X2 = {
  lane: (index: number) => [SIMD, 0x21, index],
  /** The first two of four float32. */
  ofSingles: [SIMD, 0x5f],
  /** As the first two of four float32; the others are 0. */
  toSingles: [SIMD, 0x5e],
  equal: [SIMD, 0x47],
  unequal: [SIMD, 0x48],
  /** Not true of NaN. */
  atMost: [SIMD, 0x4b],
  absolute: [SIMD, 0xec, 0x01],
  floor: [SIMD, 0x75],
  subtract: [SIMD, 0xf1, 0x01],
  /** The second where it is less, or greater, else the first. */
  lesserOf: [SIMD, 0xf6, 0x01],
  greaterOf: [SIMD, 0xf7, 0x01],
  add: [SIMD, 0xf0, 0x01],
  multiply: [SIMD, 0xf2, 0x01],
} as const;
export const [F64_ADD, F64_MULTIPLY, F64_DIVIDE] = [0xa0, 0xa2, 0xa3];
/** Of an integer. */
export const F64_FROM_INTEGER = 0xb7;
export const f64Constant = (value: number) => [
  0x44,
  ...new Uint8Array(Float64Array.of(value).buffer),
];
export const f64Load = (offset: number) => [0x2b, 3, ...integer(offset)];
export const f64Store = (offset: number) => [0x39, 3, ...integer(offset)];

/** The sum of two integer locals. */
export const sumOf = (a: number, b: number) => [...localGet(a), ...localGet(b), PLUS];

/** Repeats `body` while at < size, and adds `step` to `at` after each time; `at` begins where it is, first at 0. */
export const forVectors = (at: number, size: number, body: readonly number[], step = 16) => [
  ...[0x02, 0x40, 0x03, 0x40], // block, loop
  ...[...localGet(at), ...localGet(size), 0x4f, 0x0d, 1], // leave when at ≥ size
  ...body,
  ...[...localGet(at), ...constant(step), PLUS, ...localSet(at)],
  ...[0x0c, 0, END, END], // go on
];

/** Repeats `body` as long as `condition` leaves an integer that is not 0. */
export const whileTrue = (condition: readonly number[], body: readonly number[]) => [
  ...[0x02, 0x40, 0x03, 0x40], // block, loop
  ...[...condition, 0x45, 0x0d, 1], // leave when 0
  ...[...body, 0x0c, 0, END, END], // go on
];

/** `body` where `condition` leaves an integer that is not 0, else `other`. */
export const whenTrue = (
  condition: readonly number[],
  body: readonly number[],
  other: readonly number[] = [],
) => [...[...condition, 0x04, 0x40, ...body], ...[0x05, ...other, END]];

/** A function of integers. Locals are numbered: parameters, integers, vectors, integers of 64 bits. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  readonly integers: number;
  readonly vectors: number;
  /** @default 0 */
  readonly longs?: number;
  readonly body: readonly number[];
}

/** A module of functions, and of a memory of one page. */
export function compileWasm(functions: readonly WasmFunction[]): object {
  const count = functions.length;
  const types = functions.flatMap(({ parameters }) => [
    ...[0x60, parameters, ...new Array<number>(parameters).fill(I32), 0],
  ]);
  const exported = functions.flatMap((one, at) => [...name(one.name), 0x00, at]);
  const bodies = functions.flatMap(({ integers, vectors, longs = 0, body }) => {
    const locals = [3, integers, I32, vectors, V128, longs, I64_TYPE];
    return [...integer(locals.length + body.length + 1), ...locals, ...body, END];
  });
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [count, ...types]),
      ...section(3, [count, ...functions.keys()]),
      ...section(5, [1, 0, 1]),
      ...section(7, [count + 1, ...exported, ...name('memory'), 0x02, 0]),
      ...section(10, [count, ...bodies]),
    ]),
  );
}

/** A new instance with a memory of its own. */
export const wasmExports = (module: object): unknown => new WebAssembly.Instance(module).exports;

/** Grows a memory to `bytes` or more. */
export function reserveWasm(memory: WasmMemory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
}
