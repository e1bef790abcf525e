/** The chunks of a WAV file ahead of its samples. */
import type { ByteReader } from '../../source/file/byte-reader.ts';

/** How samples are written. */
export interface WavFormat {
  readonly encoding: 'integer' | 'float' | 'a-law' | 'mu-law';
  readonly channels: number;
  /** Of each channel, a second. */
  readonly sampleRate: number;
  /** Bytes of one sample of one channel. */
  readonly sampleBytes: number;
}

/** A format, and how many bytes of samples follow; undefined where the writer did not know. */
export interface WavHeader {
  readonly format: WavFormat;
  readonly dataBytes: number | undefined;
}

const UNKNOWN_SIZE = 0xffffffff;
const EXTENSIBLE = 0xfffe;
const MOST_CHUNK_BYTES = 1 << 20;
const ENCODINGS: Readonly<
  Record<number, { encoding: WavFormat['encoding']; bytes: readonly number[] }>
> = {
  1: { encoding: 'integer', bytes: [1, 2, 3, 4] },
  3: { encoding: 'float', bytes: [4, 8] },
  6: { encoding: 'a-law', bytes: [1] },
  7: { encoding: 'mu-law', bytes: [1] },
};
/** Formats that people have, by name. */
const OTHERS: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  85: 'MP3',
};

/**
 * Reads up to the samples.
 * @throws Error for anything but a WAV file (RIFF or RF64), and for samples in another encoding
 */
export async function readWavHeader(bytes: ByteReader): Promise<WavHeader> {
  const start = await bytes.take(12);
  const kind = start.toString('latin1', 0, 4);
  if (kind === 'RIFX') throw new Error('it is big-endian (RIFX), which is not read');
  if (!['RIFF', 'RF64', 'BW64'].includes(kind) || start.toString('latin1', 8) !== 'WAVE') {
    throw new Error('it is no WAV file');
  }
  let format: WavFormat | undefined;
  let longSize: number | undefined;
  for (;;) {
    const { name, size } = await chunkHeader(bytes);
    if (name === 'data') {
      if (format === undefined) throw new Error('its samples come before their format');
      return { format, dataBytes: dataBytes(size, longSize) };
    }
    const isWanted = name === 'fmt ' || name === 'ds64';
    const content = isWanted ? await take(bytes, size) : undefined;
    if (!isWanted && (await bytes.skip(size)) < size) throw new Error('it is cut off');
    await bytes.skip(size % 2);
    if (name === 'fmt ') format = formatOf(content!);
    if (name === 'ds64' && content!.length >= 16) longSize = Number(content!.readBigUInt64LE(8));
  }
}

/** RF64 has sizes of 64 bits in a chunk of their own. */
function dataBytes(size: number, longSize: number | undefined): number | undefined {
  if (size !== UNKNOWN_SIZE) return size;
  return longSize;
}

async function chunkHeader(bytes: ByteReader): Promise<{ name: string; size: number }> {
  const header = await bytes.take(8);
  if (header.length < 8) throw new Error('it is cut off: it has no samples');
  return { name: header.toString('latin1', 0, 4), size: header.readUInt32LE(4) };
}

async function take(bytes: ByteReader, size: number): Promise<Buffer> {
  if (size > MOST_CHUNK_BYTES) throw new Error(`a chunk claims ${size} bytes`);
  const content = await bytes.take(size);
  if (content.length < size) throw new Error('it is cut off');
  return content;
}

function formatOf(chunk: Buffer): WavFormat {
  if (chunk.length < 16) throw new Error('its format is cut off');
  const tag = chunk.readUInt16LE(0);
  const code = tag === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag;
  const channels = chunk.readUInt16LE(2);
  if (channels === 0) throw new Error('it has no channels');
  const sampleBytes = chunk.readUInt16LE(12) / channels;
  const bits = chunk.readUInt16LE(14);
  const known = ENCODINGS[code];
  if (known === undefined)
    throw new Error(`its samples are compressed (${OTHERS[code] ?? `format ${code}`})`);
  if (!known.bytes.includes(sampleBytes) || Math.ceil(bits / 8) !== sampleBytes) {
    throw new Error(`it has ${known.encoding} samples of ${bits} bits in ${sampleBytes} bytes`);
  }
  return { encoding: known.encoding, channels, sampleRate: chunk.readUInt32LE(4), sampleBytes };
}
