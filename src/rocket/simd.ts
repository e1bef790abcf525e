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
  loadAt,
  localGet,
  localSet,
  localTee,
  MINUS,
  PLUS,
  SHIFT_LEFT,
  STORE,
  storeAt,
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
  /**
   * Pools the numbers of x above each of four biases, one after the other. `state` has five vectors, one lane a bias:
   * how many there are; their sum over all timesteps so far, added up at each timestep; the length of the run that has
   * not ended; the longest run; and the sum of what they are above the bias. The third and fourth go on from what they
   * are, the others begin at 0.
   * @param vectors bytes of whole vectors among the `size` bytes of x
   */
  pool(x: number, vectors: number, size: number, biases: number, state: number): void;
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

/** Bytes of the vectors of a pool's state. */
const STATE = { count: 0, sumOfCounts: 16, run: 32, longest: 48, excess: 64 } as const;

function poolFunction(): WasmFunction {
  const [x, vectors, size, biasesAt, state, at, place] = [0, 1, 2, 3, 4, 5, 6];
  const [bias, zero, value, isAbove, count, sumOfCounts, run, longest, excess] = [
    7, 8, 9, 10, 11, 12, 13, 14, 15,
  ];
  const combine = (target: number, other: readonly number[], operation: readonly number[]) => [
    ...localGet(target),
    ...other,
    ...operation,
    ...localSet(target),
  ];
  // A true comparison is −1.
  const take = (offset: number) => [
    ...[...localGet(place), ...F32X4.loadSplat(offset), ...localTee(value)],
    ...[...localGet(bias), ...F32X4.greater, ...localSet(isAbove)],
    ...combine(count, localGet(isAbove), I32X4.subtract),
    ...combine(sumOfCounts, localGet(count), I32X4.add),
    ...[...localGet(run), ...localGet(isAbove), ...I32X4.subtract],
    ...[...localGet(isAbove), ...AND, ...localSet(run)],
    ...combine(longest, localGet(run), I32X4.greaterOf),
    ...[...localGet(excess), ...localGet(zero)],
    ...[...localGet(value), ...localGet(bias), ...F32X4.subtract],
    ...[...F32X4.greaterOf, ...F32X4.add, ...localSet(excess)],
  ];
  const move = [...sumOf(x, at), ...localSet(place)];
  const load = (offset: number, target: number) => [
    ...[...localGet(state), ...loadAt(offset), ...localSet(target)],
  ];
  const store = (offset: number, source: number) => [
    ...[...localGet(state), ...localGet(source), ...storeAt(offset)],
  ];
  const body = [
    ...[...localGet(biasesAt), ...LOAD, ...localSet(bias)],
    ...[...load(STATE.run, run), ...load(STATE.longest, longest)],
    ...forVectors(at, vectors, [...move, ...[0, 4, 8, 12].flatMap(take)]),
    ...forVectors(at, size, [...move, ...take(0)], 4),
    ...[...store(STATE.count, count), ...store(STATE.sumOfCounts, sumOfCounts)],
    ...[...store(STATE.run, run), ...store(STATE.longest, longest)],
    ...store(STATE.excess, excess),
  ];
  return { name: 'pool', parameters: 5, integers: 2, vectors: 9, body };
}

const COUNTS = Array.from({ length: MOST_BIASES }, (_, at) => countFunction(at + 1));
const MODULE = compileWasm([addFunction(), minusNineFunction(), poolFunction(), ...COUNTS]);

/** The functions, with a memory of one page. */
export function simdFunctions(): SimdFunctions {
  const exported = wasmExports(MODULE) as Omit<SimdFunctions, 'count'> &
    Record<string, CountFunction>;
  const { add, minusNine, pool, memory } = exported;
  return { add, minusNine, pool, memory, count: COUNTS.map(({ name }) => exported[name]!) };
}
