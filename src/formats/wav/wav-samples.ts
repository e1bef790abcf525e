/** Samples of a WAV file as numbers: integers and companded ones from -1 to below 1, floats as they are. */
import type { WavFormat } from './wav-header.ts';

/** @param bytes whole samples */
export function samplesOf(
  bytes: Buffer,
  { encoding, sampleBytes }: WavFormat,
): Float32Array | Float64Array {
  const count = bytes.length / sampleBytes;
  const isExact = sampleBytes < 4 || (encoding === 'float' && sampleBytes === 4);
  const samples = isExact ? new Float32Array(count) : new Float64Array(count);
  const read = readerOf(bytes, encoding, sampleBytes);
  for (let i = 0; i < count; i++) samples[i] = read(i * sampleBytes);
  return samples;
}

function readerOf(bytes: Buffer, encoding: WavFormat['encoding'], sampleBytes: number) {
  if (encoding === 'a-law') return (at: number) => A_LAW[bytes[at]!]!;
  if (encoding === 'mu-law') return (at: number) => MU_LAW[bytes[at]!]!;
  if (encoding === 'float') {
    return sampleBytes === 4
      ? (at: number) => bytes.readFloatLE(at)
      : (at: number) => bytes.readDoubleLE(at);
  }
  // 8 bits are unsigned.
  if (sampleBytes === 1) return (at: number) => (bytes[at]! - 128) / 128;
  const scale = 2 ** (8 * sampleBytes - 1);
  return (at: number) => bytes.readIntLE(at, sampleBytes) / scale;
}

/** The 256 values of G.711, at 16 bits. */
const MU_LAW = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const size = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return (code & 0x80 ? -size : size) / 32_768;
});

const A_LAW = Float32Array.from({ length: 256 }, (_, byte) => {
  const code = byte ^ 0x55;
  const segment = (code & 0x70) >> 4;
  const low = ((code & 0x0f) << 4) + 8;
  const size = segment === 0 ? low : (low + 0x100) << (segment - 1);
  return (code & 0x80 ? size : -size) / 32_768;
});
