/** Checks that the buffers of a column have what its length claims: apache-arrow does not. */
import type { Data } from 'apache-arrow';
import { Type } from '../../data/format/arrow.ts';

/** @throws Error for buffers that are too short, and for offsets that fall or lie outside */
export function checkData(data: Data): void {
  const { length, nullCount, nullBitmap, children } = data;
  if (!(length >= 0 && Number.isSafeInteger(length))) throw new Error('a column has no length');
  if (data.typeId === Type.Null) return;
  if (nullCount > 0 && nullBitmap.length * 8 < length) throw new Error('a column is cut off');
  checkBuffers(data);
  for (const child of children) checkData(child);
}

function checkBuffers(data: Data): void {
  const { typeId, length, values, valueOffsets, children } = data;
  switch (typeId) {
    case Type.Int:
    case Type.Float:
    case Type.Date:
    case Type.Timestamp:
      need(values.length, length);
      break;
    case Type.Decimal:
      need(values.length, length * ((data.type as unknown as { bitWidth: number }).bitWidth / 32));
      break;
    case Type.Bool:
      need(values.length * 8, length);
      break;
    case Type.Utf8:
    case Type.LargeUtf8:
      checkOffsets(valueOffsets, length, values.length);
      break;
    case Type.List:
    case Type.LargeList:
      checkOffsets(valueOffsets, length, children[0]!.length);
      break;
    case Type.FixedSizeList:
      need(children[0]!.length, length * (data.type as unknown as { listSize: number }).listSize);
      break;
    case Type.Dictionary:
      checkIndices(values, length, data.dictionary?.length ?? 0, data);
  }
}

function need(found: number, wanted: number): void {
  if (found < wanted) throw new Error('a column is cut off');
}

function checkOffsets(offsets: ArrayLike<number | bigint>, length: number, end: number): void {
  if (length === 0) return;
  need(offsets.length, length + 1);
  let before = 0;
  for (let i = 0; i <= length; i++) {
    const offset = Number(offsets[i]);
    if (offset < before || offset > end) throw new Error('a list or text lies outside its column');
    before = offset;
  }
}

function checkIndices(indices: ArrayLike<number>, length: number, size: number, data: Data): void {
  need(indices.length, length);
  for (let row = 0; row < length; row++) {
    const index = Number(indices[row]);
    if ((index >= 0 && index < size) || !data.getValid(row)) continue;
    throw new Error('an index lies outside its dictionary');
  }
}
