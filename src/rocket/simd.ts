/**
 * The inner loops of the convolutions as WebAssembly SIMD kernels, four numbers at a time. They run in any Node without
 * set-up, and give the same bits on every machine.
 */

import {
  AND,
  compileWasm,
  constant,
  F32X4,
  forVectors,
  I32X4,
  LOAD,
  localGet,
  localSet,
  localTee,
  MINUS,
  PLUS,
  SHIFT_LEFT,
  STORE,
  storeInteger,
  sumOf,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
} from '../core/wasm.ts';

/** Functions on a memory of their own; all addresses and sizes are in bytes. */
export interface SimdFunctions {
  readonly memory: WasmMemory;
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

function addFunction(): WasmFunction {
  const [out, a, b, size, at] = [0, 1, 2, 3, 4];
  const body = forVectors(at, size, [
    ...sumOf(out, at),
    ...[...sumOf(a, at), ...LOAD],
    ...[...sumOf(b, at), ...LOAD],
    ...[...F32X4.add, ...STORE],
  ]);
  return { name: 'add', parameters: 4, integers: 1, vectors: 0, body };
}

function minusNineFunction(): WasmFunction {
  const [out, x, step, size, at, place] = [0, 1, 2, 3, 4, 5];
  const addNext = [...localGet(place), ...LOAD, ...F32X4.add];
  const move = [...sumOf(place, step), ...localSet(place)];
  const body = forVectors(at, size, [
    ...sumOf(out, at),
    ...[...sumOf(x, at), ...localTee(place), ...LOAD],
    ...[
      ...localGet(place),
      ...localGet(step),
      ...constant(2),
      SHIFT_LEFT,
      MINUS,
      ...localSet(place),
    ],
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
    ...[...F32X4.negate, ...STORE],
  ]);
  return { name: 'minusNine', parameters: 4, integers: 2, vectors: 0, body };
}

function countFunction(biases: number): WasmFunction {
  const [a, b, size, mask, biasesAt, countsAt, at, value] = [0, 1, 2, 3, 4, 5, 6, 7];
  const all = Array.from({ length: biases }, (_, k) => k);
  const bias = (k: number) => 8 + k;
  const count = (k: number) => 8 + biases + k;
  const next = [
    ...sumOf(a, at),
    ...LOAD,
    ...sumOf(b, at),
    ...LOAD,
    ...F32X4.add,
    ...localSet(value),
  ];
  const subtractGreater = (k: number, masked: number[]) => [
    ...localGet(count(k)),
    ...[...localGet(value), ...localGet(bias(k)), ...F32X4.greater, ...masked],
    ...[...I32X4.subtract, ...localSet(count(k))],
  ];
  const lanesOf = (k: number) =>
    [0, 1, 2, 3].flatMap((at) => [
      ...localGet(count(k)),
      ...I32X4.lane(at),
      ...(at > 0 ? [PLUS] : []),
    ]);
  const body = [
    ...all.flatMap((k) => [...localGet(biasesAt), ...F32X4.loadSplat(4 * k), ...localSet(bias(k))]),
    // A true comparison is −1.
    ...forVectors(at, size, [...next, ...all.flatMap((k) => subtractGreater(k, []))]),
    ...next,
    ...all.flatMap((k) => subtractGreater(k, [...localGet(mask), ...LOAD, ...AND])),
    ...all.flatMap((k) => [...localGet(countsAt), ...lanesOf(k), ...storeInteger(4 * k)]),
  ];
  return { name: `count${biases}`, parameters: 6, integers: 1, vectors: 1 + 2 * biases, body };
}

const COUNTS = Array.from({ length: MOST_BIASES }, (_, at) => countFunction(at + 1));
const MODULE = compileWasm([addFunction(), minusNineFunction(), ...COUNTS]);

/** The functions, with a memory of one page. */
export function simdFunctions(): SimdFunctions {
  const exported = wasmExports(MODULE) as Omit<SimdFunctions, 'count'> &
    Record<string, CountFunction>;
  const { add, minusNine, memory } = exported;
  return { add, minusNine, memory, count: COUNTS.map(({ name }) => exported[name]!) };
}
