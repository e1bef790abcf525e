/**
 * A look at a msgpack frame before anything is built from it: one value, no extension types, bounded
 * nesting, and no announced length beyond the frame. Format: github.com/msgpack/msgpack `spec.md`.
 */

/** Why the frame is not plain, bounded msgpack; null when it is. Takes time linear in the frame. */
export function scanMsgpack(frame: Uint8Array, maxDepth: number): string | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  /** Values that are still to come at each level. */
  const pending = [1];
  let offset = 0;
  while (pending.length > 0) {
    if (pending[pending.length - 1] === 0) {
      pending.pop();
      continue;
    }
    if (offset >= frame.length)
      return `it ends after ${frame.length} bytes, in the middle of a value`;
    pending[pending.length - 1]!--;
    const token = tokenAt(view, offset);
    if (token === null)
      return `byte ${offset} (0x${view.getUint8(offset).toString(16)}) is not plain data`;
    offset += token.bytes;
    if (offset + token.children > frame.length)
      return `a length at byte ${offset} exceeds the frame`;
    if (token.children > 0) pending.push(token.children);
    if (pending.length > maxDepth + 1) return `it is nested more than ${maxDepth} levels deep`;
  }
  return offset === frame.length ? null : `${frame.length - offset} bytes follow its value`;
}

interface Token {
  /** Bytes of the tag, its length and its own content. */
  readonly bytes: number;
  /** Values inside it (a map has two an entry); each takes at least one byte. */
  readonly children: number;
}

const leaf = (bytes: number): Token => ({ bytes, children: 0 });
/** Bytes after the tag of float32, float64, uint8…uint64, int8…int64: tags 0xca…0xd3. */
const NUMBER_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

/** The token at `offset`; null for extensions, the unused tag and a length that is cut off. */
function tokenAt(view: DataView, offset: number): Token | null {
  const tag = view.getUint8(offset);
  if (tag <= 0x7f || tag >= 0xe0) return leaf(1);
  if (tag <= 0x8f) return { bytes: 1, children: 2 * (tag & 0x0f) };
  if (tag <= 0x9f) return { bytes: 1, children: tag & 0x0f };
  if (tag <= 0xbf) return leaf(1 + (tag & 0x1f));
  if (tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return leaf(1);
  if (tag >= 0xca && tag <= 0xd3) return leaf(1 + NUMBER_BYTES[tag - 0xca]!);
  const width = LENGTH_WIDTH[tag];
  if (width === undefined || offset + 1 + width > view.byteLength) return null;
  const length = readLength(view, offset + 1, width);
  if (tag <= 0xdb) return leaf(1 + width + length);
  return { bytes: 1 + width, children: tag >= 0xde ? 2 * length : length };
}

/** Bytes of the length field of bin, str, array and map tags. */
const LENGTH_WIDTH: Readonly<Record<number, 1 | 2 | 4>> = {
  196: 1,
  197: 2,
  198: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
};

function readLength(view: DataView, offset: number, width: 1 | 2 | 4): number {
  if (width === 1) return view.getUint8(offset);
  return width === 2 ? view.getUint16(offset) : view.getUint32(offset);
}
