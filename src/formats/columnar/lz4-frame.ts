/** Decompresses one frame of LZ4, as Arrow's compressed buffers hold it. */

const MAGIC = 0x184d2204;
const MOST_BYTES = 2 ** 31;

/** @throws Error for a damaged frame */
export function decompressLz4Frame(frame: Uint8Array): Uint8Array {
  const blocks = blocksOf(frame);
  const output = new Uint8Array(blocks.most);
  let filled = 0;
  for (const { bytes, isCompressed } of blocks.list) {
    filled = isCompressed ? decompressBlock(bytes, output, filled) : copy(bytes, output, filled);
  }
  if (blocks.size !== undefined && filled !== blocks.size) {
    throw new Error(`an LZ4 frame holds ${filled} bytes instead of ${blocks.size}`);
  }
  return output.subarray(0, filled);
}

/** The blocks of a frame, and how many bytes they hold at most. */
function blocksOf(frame: Uint8Array) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new Error('a buffer is no LZ4 frame');
  const flags = view.getUint8(4);
  const largest = 2 ** (8 + 2 * ((view.getUint8(5) >> 4) & 7));
  const size = (flags & 0x08) === 0 ? undefined : Number(view.getBigUint64(6, true));
  const list: { bytes: Uint8Array; isCompressed: boolean }[] = [];
  // Behind the flags: the size if known, a dictionary's number, a byte that checks the header.
  let at = 6 + (size === undefined ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4) + 1;
  for (let header = view.getUint32(at, true); header !== 0; header = view.getUint32(at, true)) {
    const start = at + 4;
    at = start + (header & 0x7fffffff);
    if (at > frame.length) throw new Error('an LZ4 block is cut off');
    list.push({ bytes: frame.subarray(start, at), isCompressed: header >>> 31 === 0 });
    if ((flags & 0x10) !== 0) at += 4;
  }
  const most = size ?? list.length * largest;
  if (most > MOST_BYTES) throw new Error(`an LZ4 frame claims ${most} bytes`);
  return { list, most, size };
}

function copy(bytes: Uint8Array, output: Uint8Array, filled: number): number {
  output.set(bytes, filled);
  return filled + bytes.length;
}

/** Literals and matches in turn; a match may reach into earlier blocks. Returns where the output ends. */
function decompressBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let at = 0;
  let filled = start;
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) byte = block[at++] ?? 0;
    return length;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = lengthFrom(token >> 4);
    if (at + literals > block.length) throw new Error('an LZ4 block is cut off');
    filled = copy(block.subarray(at, at + literals), output, filled);
    at += literals;
    if (at >= block.length) break;
    const distance = block[at]! | (block[at + 1]! << 8);
    at += 2;
    const length = lengthFrom(token & 15) + 4;
    if (!(distance > 0 && distance <= filled) || filled + length > output.length) {
      throw new Error('an LZ4 match lies outside the content');
    }
    for (let i = 0; i < length; i++) output[filled + i] = output[filled + i - distance]!;
    filled += length;
  }
  return filled;
}
