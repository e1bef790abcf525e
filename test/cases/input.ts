/** Inputs of the cases, made from a seed: waves of two or more classes, random symbols, and the tables that hold them. */

/** A sequence of a table. */
export interface Sequence {
  readonly id: string;
  readonly label: string;
  readonly values: readonly number[];
}

/** Numbers from 0 up to 1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How `waves` look. */
export interface WaveOptions {
  readonly count: number;
  readonly classes: readonly string[];
  readonly scale?: number;
  readonly offset?: number;
  readonly idOf?: (i: number) => string;
}

/** Noisy waves of 40 to 80 steps; those of one class have one frequency, and each next class twice the one before. */
export function waves({
  count,
  classes,
  scale = 1,
  offset = 0,
  idOf = (i) => `s${i}`,
}: WaveOptions): Sequence[] {
  const random = randomNumbers(7);
  return Array.from({ length: count }, (_, i) => {
    const kind = i % classes.length;
    const values = Array.from({ length: 40 + Math.floor(41 * random()) }, (_, t) => {
      const wave = Math.sin(0.12 * 2 ** kind * t) + 0.4 * (random() - 0.5);
      return offset + scale * wave;
    });
    return { id: idOf(i), label: classes[kind]!, values };
  });
}

/** Sequences of 40 random symbols; class i draws its symbols from `alphabets[i]`. */
export function symbols(count: number, alphabets: readonly (readonly number[])[]): Sequence[] {
  const random = randomNumbers(11);
  return Array.from({ length: count }, (_, i) => {
    const alphabet = alphabets[i % alphabets.length]!;
    const values = Array.from(
      { length: 40 },
      () => alphabet[Math.floor(alphabet.length * random())]!,
    );
    return { id: `s${i}`, label: `c${i % alphabets.length}`, values };
  });
}

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A CSV file with the columns id, class and values. */
export function csv(sequences: readonly Sequence[]): string {
  const rows = sequences.map(
    ({ id, label, values }) => `${cell(id)},${cell(label)},${values.join(' ')}\n`,
  );
  return `id,class,values\n${rows.join('')}`;
}

/** The options that read `csv` as real values. */
export const COLUMNS = ['--id', 'id', '--label', 'class'] as const;
export const REAL = ['--value-type', 'float32'] as const;

/** A WAV file of one channel: 16 bits a sample, 8 kHz. */
export function wav(samples: readonly number[]): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 2 * samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(2 * samples.length, 40);
  return Buffer.concat([header, Buffer.from(Int16Array.from(samples).buffer)]);
}

/** A NumPy file with one row of float32. */
export function npy(values: readonly number[]): Buffer {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`;
  const start = Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1');
  const header = Buffer.from(`${description.padEnd(117)}\n`);
  return Buffer.concat([start, header, Buffer.from(Float32Array.from(values).buffer)]);
}
