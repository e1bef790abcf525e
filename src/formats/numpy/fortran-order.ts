/** Turns an array whose first index runs fastest into one whose last index does, in bounded memory. */
import { type RandomAccess, scratchCopy } from '../../source/file/scratch-file.ts';
import type { NpyHeader } from './npy-header.ts';

const BLOCK_BYTES = 32 * 2 ** 20;

/**
 * The items in C order, some rows at a time. A temporary file holds the array meanwhile.
 * @throws Error if there are fewer or more bytes than the shape needs
 */
export async function* fromFortranOrder(
  header: NpyHeader,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const { shape, dtype } = header;
  const [rows = 1, ...axes] = shape;
  const columns = axes.reduce((product, size) => product * size, 1);
  const scratch = await scratchCopy(chunks);
  try {
    if (scratch.size !== rows * columns * dtype.itemBytes) {
      throw new Error('its size does not fit its shape');
    }
    const atOnce = Math.max(1, Math.floor(BLOCK_BYTES / (columns * dtype.itemBytes)));
    for (let start = 0; start < rows; start += atOnce) {
      yield await readRows(scratch, header, start, Math.min(atOnce, rows - start));
    }
  } finally {
    await scratch.close();
  }
}

async function readRows(
  scratch: RandomAccess,
  { shape, dtype: { itemBytes } }: NpyHeader,
  start: number,
  count: number,
): Promise<Buffer> {
  const [rows = 1, ...axes] = shape;
  const columns = axes.reduce((product, size) => product * size, 1);
  const block = Buffer.alloc(count * columns * itemBytes);
  for (let column = 0; column < columns; column++) {
    const position = (column * rows + start) * itemBytes;
    const items = await scratch.read(position, count * itemBytes);
    scatter(items, block, itemBytes, columnInCOrder(column, axes), columns);
  }
  return block;
}

/** Where the items of a column lie in a row when the last index runs fastest. */
function columnInCOrder(column: number, axes: readonly number[]): number {
  let rest = column;
  let stride = axes.reduce((product, size) => product * size, 1);
  let place = 0;
  for (const size of axes) {
    stride /= size;
    place += (rest % size) * stride;
    rest = Math.floor(rest / size);
  }
  return place;
}

/** Writes one column into rows, in words of 4 bytes where items have whole ones. */
function scatter(
  items: Buffer,
  block: Buffer,
  itemBytes: number,
  column: number,
  columns: number,
): void {
  const isWords = itemBytes % 4 === 0 && items.byteOffset % 4 === 0;
  const from = isWords ? wordsOf(items) : items;
  const to = isWords ? wordsOf(block) : block;
  const size = isWords ? itemBytes / 4 : itemBytes;
  for (let source = 0, target = column * size; source < from.length; target += columns * size) {
    for (let part = 0; part < size; part++) to[target + part] = from[source++]!;
  }
}

const wordsOf = (bytes: Buffer): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
