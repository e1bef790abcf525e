/** Changes bytes as a fuzzer does, the same for the same seed. */

/** Whole numbers from 0 below `end`; xorshift32, which is all that a fuzzer needs. */
export type Dice = (end: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed >>> 0 || 1;
  return (end) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % end;
  };
}

/** Bytes that mean something to msgpack, ZMTP and number fields. */
const TELLING = [
  0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9,
];
const LENGTHS = [0xcb, 0xcf, 0xd3, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff];
const BYTES = [...TELLING, ...LENGTHS];

/** One to eight changes: flips, overwrites, cuts, repeats, insertions, and pieces of another frame. */
export function mutate(frame: Buffer, others: readonly Buffer[], dice: Dice): Buffer {
  let bytes: Buffer = Buffer.from(frame);
  for (let changes = 1 + dice(8); changes > 0; changes--) bytes = change(bytes, others, dice);
  return bytes;
}

function change(bytes: Buffer, others: readonly Buffer[], dice: Dice): Buffer {
  const at = dice(bytes.length + 1);
  switch (dice(7)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << dice(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = BYTES[dice(BYTES.length)]!;
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(dice(256)), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - dice(64)))]);
    case 5:
      if (at + 4 <= bytes.length)
        bytes.writeUInt32BE([0, 0x7fffffff, 0xffffffff, 65_536][dice(4)]!, at);
      return bytes;
    default: {
      const other = others[dice(others.length)]!;
      const from = dice(other.length + 1);
      const piece = other.subarray(from, from + dice(200));
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
  }
}
