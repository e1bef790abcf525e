/** Imports WAV files: one sequence a file, a timestep for each moment. */
import { basename } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import type { RawRecord } from '../../data/record.ts';
import { defineImporter } from '../../source/define-importer.ts';
import { ByteReader } from '../../source/file/byte-reader.ts';
import { contentName, readBytes } from '../../source/file/compressed.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { decimate } from './decimate.ts';
import { readWavHeader } from './wav-header.ts';
import { samplesOf } from './wav-samples.ts';

const options = z.object({
  /** Keeps one of so many samples, behind a low-pass filter. */
  decimate: z.int().min(1).max(1000).default(1),
});

export const wavImporter = defineImporter({
  kind: 'wav',
  options,
  accepts: (path) => /\.(wav|wave)$/i.test(contentName(path)),
  records: importWav,
});

/** Samples are read in pieces of about this size. */
const PIECE_BYTES = 2 ** 22;

/**
 * Yields the one record.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for another format, encoding or size than the header's
 */
async function* importWav(
  path: string,
  { decimate: factor }: z.output<typeof options>,
): AsyncGenerator<RawRecord> {
  const bytes = new ByteReader(readBytes(path));
  try {
    const { samples, channels, sampleRate } = await readSamples(bytes);
    const values = factor === 1 ? samples : decimate(samples, channels, factor);
    yield {
      ...{ id: basename(path), values, sampleRate: sampleRate / factor },
      ...(channels > 1 && { channels }),
    };
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw sourceError(path, (error as Error).message, { cause: error });
  } finally {
    await bytes.close();
  }
}

async function readSamples(bytes: ByteReader) {
  const { format, dataBytes } = await readWavHeader(bytes);
  const frameBytes = format.channels * format.sampleBytes;
  const pieces: ArrayLike<number>[] = [];
  const pieceBytes = Math.max(1, Math.floor(PIECE_BYTES / frameBytes)) * frameBytes;
  let read = 0;
  for (let left = dataBytes ?? Number.POSITIVE_INFINITY; left > 0; ) {
    const piece = await bytes.take(Math.min(left, pieceBytes));
    read += piece.length;
    left -= piece.length;
    if (piece.length % frameBytes !== 0 || (piece.length === 0 && dataBytes !== undefined)) {
      const wanted = dataBytes === undefined ? '' : ` of ${dataBytes}`;
      throw new Error(`it is cut off: it has ${read}${wanted} bytes of samples`);
    }
    if (piece.length === 0) break;
    pieces.push(samplesOf(piece, format));
  }
  const { channels, sampleRate } = format;
  return { samples: joined(pieces), channels, sampleRate };
}

function joined(pieces: readonly ArrayLike<number>[]): ArrayLike<number> {
  const [first = []] = pieces;
  if (pieces.length <= 1) return first;
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const whole = first instanceof Float32Array ? new Float32Array(total) : new Float64Array(total);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
