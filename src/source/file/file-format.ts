/** Recognises files that hold their values in a format: their bytes are not the values. */
import { contentName, firstBytes, isCompressed, readBytes } from './compressed.ts';

/** Formats by the ending of a file's name. */
const BY_ENDING: Readonly<Record<string, string>> = {
  ...endings('CSV', 'csv tsv'),
  ...endings('JSON', 'json jsonl ndjson'),
  ...endings('NumPy', 'npy npz'),
  ...endings('WAV', 'wav wave'),
  ...endings('compressed', 'tgz bz2 xz zip'),
  ...endings('FASTA', 'fasta fa fna ffn frn faa'),
  ...endings('FASTQ', 'fastq fq'),
  ...endings('Parquet', 'parquet pq'),
  ...endings('Arrow', 'arrow feather ipc'),
  ...endings('HDF5', 'h5 hdf5'),
  ...endings('MATLAB', 'mat'),
  ...endings('ARFF', 'arff'),
  ...endings('Excel', 'xls xlsx'),
  ...endings('audio', 'flac mp3 ogg m4a aac opus aiff aif'),
  ...endings('image', 'png jpg jpeg gif bmp tif tiff webp'),
  ...endings('video', 'mp4 avi mov mkv'),
  ...endings('pickle', 'pkl pickle joblib pt pth'),
  ...endings('TFRecord', 'tfrecord tfrecords'),
  ...endings('ORC', 'orc'),
  ...endings('Avro', 'avro'),
  ...endings('SQLite', 'sqlite sqlite3'),
  ...endings('R', 'rds rdata'),
  ...endings('NetCDF', 'nc'),
  ...endings('EDF', 'edf bdf'),
  ...endings('WFDB', 'hea'),
};

function endings(format: string, list: string): Record<string, string> {
  return Object.fromEntries(list.split(' ').map((ending) => [ending, format]));
}

/** Formats by the first bytes, one character a byte: long enough that other data hardly begin so. */
const BY_START: readonly (readonly [start: string, format: string])[] = [
  ['\x93NUMPY', 'NumPy'],
  ['\x1f\x8b\x08', 'compressed'],
  ['\x28\xb5\x2f\xfd', 'compressed'],
  ['PK\x03\x04', 'compressed'],
  ['\xfd7zXZ\x00', 'compressed'],
  ['PAR1', 'Parquet'],
  ['ARROW1\x00\x00', 'Arrow'],
  ['\x89HDF\r\n\x1a\n', 'HDF5'],
  ['MATLAB 5.0 MAT-file', 'MATLAB'],
  ['fLaC\x00', 'audio'],
  ['OggS\x00', 'audio'],
  ['version https://git-lfs.github.com/spec/', 'Git LFS pointer'],
];

const BY_PATTERN: readonly (readonly [pattern: RegExp, format: string])[] = [
  [/^\s*<(!doctype html|html|head)\b/i, 'HTML'],
  [/^RI(FF|FX).{4}WAVE/s, 'WAV'],
  [/^>[\t -~]+\r?\n[A-Za-z*-]+(\r?\n|$)/, 'FASTA'],
  [/^@[\t -~]+\r?\n[A-Za-z*.-]+\r?\n\+/, 'FASTQ'],
  [/^(?:#.*\r?\n|\s)*@problemname\s/i, 'UCR'],
];
const START_BYTES = 4096;

/** The format of a file by its name, else by its first bytes; undefined if it is none that is known. */
export async function formatOfFile(path: string): Promise<string | undefined> {
  const byName = formatByName(path);
  if (byName !== undefined) return byName;
  const start = isCompressed(path) ? await firstChunk(path) : await firstBytes(path, START_BYTES);
  return isNumbers(path, start) ? 'CSV' : formatByStart(start);
}

async function firstChunk(path: string): Promise<Buffer> {
  for await (const chunk of readBytes(path)) return chunk.subarray(0, START_BYTES);
  return Buffer.alloc(0);
}

/** A .txt file that begins with numbers only is a table of them, not prose. */
function isNumbers(path: string, start: Buffer): boolean {
  return /\.txt$/i.test(contentName(path)) && looksNumeric(start.toString('latin1'));
}

/** Whether a text has numbers and what stands between them, and nothing else. */
export function looksNumeric(text: string): boolean {
  return /^[\s\d.,;eE+-]+$/.test(text) && /\d/.test(text);
}

/** The format that the ending of a name stands for; what lies in an archive counts: .csv.gz is CSV. */
export function formatByName(path: string): string | undefined {
  const ending = /\.([^./\\]+)$/.exec(contentName(path))?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
}

/** The format that begins with these bytes; undefined if it is none that is known. */
export function formatByStart(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, START_BYTES);
  const byStart = BY_START.find(([magic]) => start.startsWith(magic));
  return (byStart ?? BY_PATTERN.find(([pattern]) => pattern.test(start)))?.[1];
}
