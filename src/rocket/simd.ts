/**
 * The inner loops of the convolutions as WebAssembly SIMD kernels, four numbers at a time. They run in any Node without
 * set-up, and give the same bits on every machine.
 */

/** What is used of a standard that TypeScript's Node library does not declare. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Functions on a memory of their own; all addresses and sizes are in bytes. */
export interface SimdFunctions {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** out = a + b, in whole vectors: up to 12 bytes more than asked for are written. */
  add(out: number, a: number, b: number, size: number): void;
  /** out = −(x at −4 … 4 steps, summed from the middle on, then from the left), in whole vectors. */
  minusNine(out: number, x: number, step: number, size: number): void;
  /**
   * counts[k] = how many of a + b are greater than biases[k], for each k.
   * @param size a multiple of 16
   * @param mask address of a vector that says which of the four numbers behind `size` count, too
   */
  readonly count: readonly CountFunction[];
}

/** `SimdFunctions.count[n]` compares with n + 1 biases at once. */
type CountFunction = (
  a: number,
  b: number,
  size: number,
  mask: number,
  biases: number,
  counts: number,
) => void;

/** With more biases at once a processor's sixteen registers no longer hold them and their counts. */
export const MOST_BIASES = 6;

export const PAGE_BYTES = 1 << 16;

const I32 = 0x7f;
const V128 = 0x7b;
const SIMD = 0xfd;
const END = 0x0b;

const localGet = (local: number) => [0x20, local];
const localSet = (local: number) => [0x21, local];
const localTee = (local: number) => [0x22, local];
/** Unsigned LEB128, WebAssembly's encoding of integers. */
const integer = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...integer(value >>> 7)];
const section = (id: number, body: number[]) => [id, ...integer(body.length), ...body];
const name = (text: string) => [text.length, ...Buffer.from(text)];
const constant = (value: number) => [0x41, value];
const PLUS = 0x6a;
const MINUS = 0x6b;
const sum = (a: number, b: number) => [...localGet(a), ...localGet(b), PLUS];
const LOAD = [SIMD, 0x00, 2, 0];
const STORE = [SIMD, 0x0b, 2, 0];
const F32_ADD = [SIMD, 0xe4, 0x01];
const F32_NEGATE = [SIMD, 0xe1, 0x01];
const F32_GREATER = [SIMD, 0x44];
const I32X4_SUBTRACT = [SIMD, 0xb1, 0x01];
const AND = [SIMD, 0x4e];
const loadSplat = (offset: number) => [SIMD, 0x09, 2, ...integer(offset)];
const lane = (index: number) => [SIMD, 0x1b, index];
const storeInteger = (offset: number) => [0x36, 2, ...integer(offset)];

/** Repeats `body` for at = 0, 16, … while at < size. */
const forVectors = (at: number, size: number, body: number[]) => [
  ...[0x02, 0x40, 0x03, 0x40], // block, loop
  ...[...localGet(at), ...localGet(size), 0x4f, 0x0d, 1], // leave when at ≥ size
  ...body,
  ...[...localGet(at), ...constant(16), PLUS, ...localSet(at)],
  ...[0x0c, 0, END, END], // go on
];

interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  readonly integers: number;
  readonly vectors: number;
  readonly body: number[];
}

function addFunction(): WasmFunction {
  const [out, a, b, size, at] = [0, 1, 2, 3, 4];
  const body = forVectors(at, size, [
    ...sum(out, at),
    ...[...sum(a, at), ...LOAD],
    ...[...sum(b, at), ...LOAD],
    ...[...F32_ADD, ...STORE],
  ]);
  return { name: 'add', parameters: 4, integers: 1, vectors: 0, body };
}

function minusNineFunction(): WasmFunction {
  const [out, x, step, size, at, place] = [0, 1, 2, 3, 4, 5];
  const addNext = [...localGet(place), ...LOAD, ...F32_ADD];
  const move = [...sum(place, step), ...localSet(place)];
  const body = forVectors(at, size, [
    ...sum(out, at),
    ...[...sum(x, at), ...localTee(place), ...LOAD],
    ...[...localGet(place), ...localGet(step), ...constant(2), 0x74, MINUS, ...localSet(place)],
    ...[...addNext, ...move, ...addNext, ...move, ...addNext, ...move, ...addNext],
    ...[
      ...move,
      ...move,
      ...addNext,
      ...move,
      ...addNext,
      ...move,
      ...addNext,
      ...move,
      ...addNext,
    ],
    ...[...F32_NEGATE, ...STORE],
  ]);
  return { name: 'minusNine', parameters: 4, integers: 2, vectors: 0, body };
}

function countFunction(biases: number): WasmFunction {
  const [a, b, size, mask, biasesAt, countsAt, at, value] = [0, 1, 2, 3, 4, 5, 6, 7];
  const all = Array.from({ length: biases }, (_, k) => k);
  const bias = (k: number) => 8 + k;
  const count = (k: number) => 8 + biases + k;
  const next = [...sum(a, at), ...LOAD, ...sum(b, at), ...LOAD, ...F32_ADD, ...localSet(value)];
  const subtractGreater = (k: number, masked: number[]) => [
    ...localGet(count(k)),
    ...[...localGet(value), ...localGet(bias(k)), ...F32_GREATER, ...masked],
    ...[...I32X4_SUBTRACT, ...localSet(count(k))],
  ];
  const lanesOf = (k: number) =>
    [0, 1, 2, 3].flatMap((at) => [...localGet(count(k)), ...lane(at), ...(at > 0 ? [PLUS] : [])]);
  const body = [
    ...all.flatMap((k) => [...localGet(biasesAt), ...loadSplat(4 * k), ...localSet(bias(k))]),
    // A true comparison is −1.
    ...forVectors(at, size, [...next, ...all.flatMap((k) => subtractGreater(k, []))]),
    ...next,
    ...all.flatMap((k) => subtractGreater(k, [...localGet(mask), ...LOAD, ...AND])),
    ...all.flatMap((k) => [...localGet(countsAt), ...lanesOf(k), ...storeInteger(4 * k)]),
  ];
  return { name: `count${biases}`, parameters: 6, integers: 1, vectors: 1 + 2 * biases, body };
}

function moduleOf(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const count = functions.length;
  const types = functions.flatMap(({ parameters }) => [
    ...[0x60, parameters, ...new Array<number>(parameters).fill(I32), 0],
  ]);
  const exported = functions.flatMap((one, at) => [...name(one.name), 0x00, at]);
  const bodies = functions.flatMap(({ integers, vectors, body }) => {
    const locals = vectors > 0 ? [2, integers, I32, vectors, V128] : [1, integers, I32];
    return [...integer(locals.length + body.length + 1), ...locals, ...body, END];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [count, ...types]),
    ...section(3, [count, ...functions.keys()]),
    ...section(5, [1, 0, 1]), // a memory of one page, which grows
    ...section(7, [count + 1, ...exported, ...name('memory'), 0x02, 0]),
    ...section(10, [count, ...bodies]),
  ]);
}

const COUNTS = Array.from({ length: MOST_BIASES }, (_, at) => countFunction(at + 1));
const MODULE = new WebAssembly.Module(moduleOf([addFunction(), minusNineFunction(), ...COUNTS]));

/** The functions, with a memory of one page. */
export function simdFunctions(): SimdFunctions {
  const exported = new WebAssembly.Instance(MODULE).exports as Omit<SimdFunctions, 'count'> &
    Record<string, CountFunction>;
  const { add, minusNine, memory } = exported;
  return { add, minusNine, memory, count: COUNTS.map(({ name }) => exported[name]!) };
}
