/** Looks up packed indices in a dictionary of bytes, two at a time, in WebAssembly. */
import {
  BOTH,
  compileWasm,
  constant,
  EITHER,
  forVectors,
  LOAD_INTEGER,
  localGet,
  localSet,
  localTee,
  PLUS,
  reserveWasm,
  SHIFT_LEFT,
  SHIFT_RIGHT,
  storeInteger,
  storeShort,
  TIMES,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
} from '../../core/wasm.ts';

/** Pairs that are looked up at once. */
const BLOCK = 2 ** 15;
/** All bits of the entries that were found. */
const FOUND = 0;
const TABLE = 8;
const MOST_ENTRIES = 2 ** 16;
const INPUT = TABLE + 4 * MOST_ENTRIES;
const OUTPUT = INPUT + 2 * BLOCK + 8;
const END = OUTPUT + 2 * BLOCK;

/** `look(bytes, bits)`: fills so many bytes of output, two for each number of `bits` bits. */
function lookFunction(): WasmFunction {
  const [bytes, bits, at, bit, entry, all] = [0, 1, 2, 3, 4, 5];
  const body = [
    ...forVectors(
      at,
      bytes,
      [
        // The word that begins in the byte of its first bit, less the bits ahead.
        ...[...localGet(bit), ...constant(3), SHIFT_RIGHT, ...constant(INPUT), PLUS],
        ...[...LOAD_INTEGER, ...localGet(bit), ...constant(7), BOTH, SHIFT_RIGHT],
        ...[...constant(1), ...localGet(bits), SHIFT_LEFT, ...constant(-1), PLUS, BOTH],
        ...[...constant(4), TIMES, ...constant(TABLE), PLUS, ...LOAD_INTEGER, ...localTee(entry)],
        ...[...localGet(all), EITHER, ...localSet(all)],
        ...[...localGet(at), ...localGet(entry), ...storeShort(OUTPUT)],
        ...[...localGet(bit), ...localGet(bits), PLUS, ...localSet(bit)],
      ],
      2,
    ),
    ...[...constant(FOUND), ...localGet(all), ...storeInteger(0)],
  ];
  return { name: 'look', parameters: 2, integers: 4, vectors: 0, body };
}

const { look, memory } = wasmExports(compileWasm([lookFunction()])) as {
  look(bytes: number, bits: number): void;
  memory: WasmMemory;
};
reserveWasm(memory, END);
const found = new Int32Array(memory.buffer, FOUND, 1);
const table = new Int32Array(memory.buffer, TABLE, MOST_ENTRIES);
const input = new Uint8Array(memory.buffer, INPUT, OUTPUT - INPUT);
const output = new Uint8Array(memory.buffer, OUTPUT, 2 * BLOCK);

/** Whose entries are in the table: runs may be short and many. */
let loaded: PairTable | undefined;

/** The entries of pairs of indices, two bytes each; negative where there is none. At most 65 536 of them. */
export class PairTable {
  readonly #entries: Int32Array;
  readonly #pairBits: number;

  constructor(entries: Int32Array, pairBits: number) {
    this.#entries = entries;
    this.#pairBits = pairBits;
  }

  /**
   * Fills bytes with the entries of packed pairs, from byte `at` on.
   * @param into an even number of bytes
   * @returns whether each pair has an entry
   */
  look(packed: Uint8Array, at: number, into: Uint8Array): boolean {
    if (loaded !== this) table.set(this.#entries);
    loaded = this;
    for (let done = 0; done < into.length; ) {
      const size = Math.min(2 * BLOCK, into.length - done);
      const begin = at + ((done / 2) * this.#pairBits) / 8;
      input.set(packed.subarray(begin, begin + Math.ceil(((size / 2) * this.#pairBits) / 8)));
      look(size, this.#pairBits);
      if (found[0]! < 0) return false;
      into.set(output.subarray(0, size), done);
      done += size;
    }
    return true;
  }
}
