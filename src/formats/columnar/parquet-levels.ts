/** Parquet's "hybrid" of runs and packed bits, which holds levels and indices. Bounded, whatever the bytes say. */

/** Most bits of a number: dictionaries are far smaller than 2^24. */
const MOST_BITS = 24;

/** Takes the runs of a hybrid one after the other; each fills `[from, from + count)`. */
export interface RunReader {
  /** A run of one number. */
  repeated(number: number, from: number, count: number): void;
  /** Numbers that begin at byte `at`, which lie within the bytes. */
  packed(at: number, from: number, count: number): void;
}

/**
 * Reads numbers of `width` bits until the output is full.
 * @throws Error if the bytes end before
 */
export function readHybrid(
  bytes: Uint8Array,
  width: number,
  output: Uint8Array | Int32Array,
): void {
  readRuns(bytes, width, output.length, {
    repeated: (number, from, count) => output.fill(number, from, from + count),
    packed: (at, from, count) => {
      if (width <= 8) unpackBytes(bytes, at, width, output, from, count);
      else unpack(bytes, at, width, output, from, count);
    },
  });
}

/**
 * The runs of `total` numbers of `width` bits; none where they have no bits.
 * @throws Error if the bytes end before
 */
export function readRuns(bytes: Uint8Array, width: number, total: number, reader: RunReader): void {
  if (width === 0) return;
  if (width > MOST_BITS) throw new Error(`numbers of ${width} bits`);
  const size = (width + 7) >> 3;
  let at = 0;
  let filled = 0;
  while (filled < total) {
    const { value: header, end } = readVarint(bytes, at);
    at = end;
    const isPacked = (header & 1) === 1;
    const count = Math.min((header >>> 1) * (isPacked ? 8 : 1), total - filled);
    if (isPacked && at * 8 + count * width > bytes.length * 8) {
      throw new Error('packed levels are cut off');
    }
    if (isPacked) reader.packed(at, filled, count);
    else reader.repeated(readBytes(bytes, at, size), filled, count);
    at += isPacked ? (header >>> 1) * width : size;
    filled += count;
  }
}

/**
 * Whether `count` numbers of `width` bits all are `number`; may say false where they are written as packed bits.
 * @throws Error if the bytes end before
 */
export function isRunOf(number: number, bytes: Uint8Array, width: number, count: number): boolean {
  let at = 0;
  for (let seen = 0; seen < count; ) {
    const { value: header, end } = readVarint(bytes, at);
    const size = (width + 7) >> 3;
    if ((header & 1) === 1 || readBytes(bytes, end, size) !== number) return false;
    at = end + size;
    seen += header >>> 1;
  }
  return true;
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) break;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { value: value >>> 0, end: start + i + 1 };
  }
  throw new Error('a run of levels is cut off');
}

function readBytes(bytes: Uint8Array, start: number, count: number): number {
  if (start + count > bytes.length) throw new Error('a run of levels is cut off');
  let value = 0;
  for (let i = 0; i < count; i++) value |= bytes[start + i]! << (8 * i);
  return value;
}

function unpack(
  bytes: Uint8Array,
  start: number,
  width: number,
  output: Uint8Array | Int32Array,
  from: number,
  count: number,
): void {
  const mask = 2 ** width - 1;
  for (let i = 0, bit = start * 8; i < count; i++, bit += width) {
    const at = bit >> 3;
    const word =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    output[from + i] = (word >>> (bit & 7)) & mask;
  }
}

/** `unpack` for at most 8 bits. */
export function unpackBytes(
  bytes: Uint8Array,
  start: number,
  width: number,
  output: Uint8Array | Int32Array,
  from: number,
  count: number,
): void {
  const mask = 2 ** width - 1;
  let [at, word, bits] = [start, 0, 0];
  for (let i = from; i < from + count; i++) {
    if (bits < width) {
      word |= bytes[at++]! << bits;
      bits += 8;
    }
    output[i] = word & mask;
    word >>>= width;
    bits -= width;
  }
}
