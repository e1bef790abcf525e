/**
 * Decompresses zstd frame by frame and checks what fzstd leaves unchecked: checksums, sizes and the end.
 * (Node's own decoder stops after the first frame, without a word, and is absent before Node 22.15.)
 */
import { Decompress } from 'fzstd';
import xxhash from 'xxhash-wasm';
import { ByteReader } from './byte-reader.ts';

const MAGIC = 0xfd2fb528;
const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

/** @throws Error for a damaged or truncated archive */
export async function* readZstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = new ByteReader(chunks);
  try {
    while (!(await input.isAtEnd())) {
      const magic = await exactly(input, 4);
      if (isSkippable(magic.readUInt32LE())) await skipFrame(input);
      else yield* readFrame(input, magic);
    }
  } finally {
    await input.close();
  }
}

async function skipFrame(input: ByteReader): Promise<void> {
  const size = (await exactly(input, 4)).readUInt32LE();
  if ((await input.skip(size)) < size) throw cutOff();
}

/** The frame: header, blocks until the last one, checksum. */
async function* readFrame(input: ByteReader, magic: Buffer): AsyncGenerator<Buffer> {
  if (magic.readUInt32LE() !== MAGIC) throw new Error('a frame has no zstd magic number');
  const header = await readHeader(input);
  const output = new FrameOutput(await xxhash());
  output.feed(Buffer.concat([magic, header.bytes]));
  for (let isLast = false; !isLast; ) {
    const start = await exactly(input, 3);
    isLast = (start[0]! & 1) === 1;
    output.feed(start);
    output.feed(await exactly(input, blockBytes(start.readUIntLE(0, 3))));
    yield* output.drain();
  }
  const checksum = header.hasChecksum ? await exactly(input, 4) : undefined;
  yield* output.end(checksum);
  output.check(header.contentBytes, checksum);
}

interface FrameHeader {
  readonly bytes: Buffer;
  readonly hasChecksum: boolean;
  /** Absent in frames of streams. */
  readonly contentBytes: bigint | undefined;
}

async function readHeader(input: ByteReader): Promise<FrameHeader> {
  const descriptor = await exactly(input, 1);
  const flags = descriptor[0]!;
  const isSingleSegment = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const rest = await exactly(input, (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
  if (dictionaryBytes > 0) throw new Error('it was compressed with a dictionary');
  return {
    bytes: Buffer.concat([descriptor, rest]),
    hasChecksum: (flags & 4) !== 0,
    contentBytes: sizeOf(rest.subarray(rest.length - sizeBytes)),
  };
}

function sizeOf(field: Buffer): bigint | undefined {
  if (field.length === 0) return undefined;
  if (field.length === 8) return field.readBigUInt64LE();
  const size = field.readUIntLE(0, field.length);
  return BigInt(field.length === 2 ? size + 256 : size);
}

/** Bytes of a block behind its header: one for a run of equal bytes. */
function blockBytes(header: number): number {
  const kind = (header >> 1) & 3;
  return kind === 1 ? 1 : header >> 3;
}

/** The decompressed bytes of a frame. */
class FrameOutput {
  readonly #decoder: Decompress;
  readonly #hash: ReturnType<Awaited<ReturnType<typeof xxhash>>['create64']>;
  #waiting: Buffer[] = [];
  #bytes = 0;

  constructor({ create64 }: Awaited<ReturnType<typeof xxhash>>) {
    this.#hash = create64();
    this.#decoder = new Decompress((chunk) => {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      this.#waiting.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    });
  }

  feed(bytes: Buffer): void {
    this.#decoder.push(bytes);
  }

  /** What was decompressed since the last call. */
  drain(): Buffer[] {
    const waiting = this.#waiting.filter(({ length }) => length > 0);
    this.#waiting = [];
    return waiting;
  }

  end(checksum: Buffer | undefined): Buffer[] {
    this.#decoder.push(checksum ?? Buffer.alloc(0), true);
    return this.drain();
  }

  check(contentBytes: bigint | undefined, checksum: Buffer | undefined): void {
    if (contentBytes !== undefined && contentBytes !== BigInt(this.#bytes)) {
      throw new Error(`a frame holds ${this.#bytes} bytes instead of ${contentBytes}`);
    }
    const isRight = Number(this.#hash.digest() & 0xffffffffn) === checksum?.readUInt32LE();
    if (checksum !== undefined && !isRight) throw new Error('a checksum is wrong');
  }
}

async function exactly(input: ByteReader, count: number): Promise<Buffer> {
  const bytes = await input.take(count);
  if (bytes.length < count) throw cutOff();
  return bytes;
}

const cutOff = () => new Error('unexpected end of file');
