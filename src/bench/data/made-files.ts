/** Files of several formats for the benchmark of imports, with the same kind of content. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { randomStream } from '../../core/random.ts';
import { openParquetFile } from '../../data/export/parquet-file.ts';
import type { BuildStoreOptions } from '../../workflow/data/build-store.ts';

/** A file to import. */
export interface MadeFormat {
  readonly format: string;
  readonly file: string;
  /** The importer that takes it. */
  readonly kind: string;
  /** How Lockstep reads it. */
  readonly options: Omit<BuildStoreOptions, 'source' | 'store'>;
  /** Writes about `sizeBytes`. */
  make(path: string, sizeBytes: number): Promise<void>;
}

const COLUMNS = 1000;
const READ_LENGTH = 2000;
const ROWS_OF_GROUP = 1000;

export const MADE_FORMATS: readonly MadeFormat[] = [
  {
    format: 'CSV, a column for each timestep',
    file: 'wide.csv',
    kind: 'csv',
    options: { label: 'label', values: `t0..t${COLUMNS - 1}` },
    make: (path, sizeBytes) => writeLines(path, sizeBytes, wideHeader(), wideLine),
  },
  {
    format: 'CSV, values in one cell',
    file: 'cells.csv',
    kind: 'csv',
    options: { label: 'label' },
    make: (path, sizeBytes) => writeLines(path, sizeBytes, 'label,values\n', cellLine),
  },
  {
    format: 'CSV, decimals, a column for each timestep',
    file: 'decimals.csv',
    kind: 'csv',
    options: { label: 'label', values: `t0..t${COLUMNS - 1}` },
    make: (path, sizeBytes) => writeLines(path, sizeBytes, wideHeader(), decimalLine),
  },
  {
    format: 'JSONL',
    file: 'lines.jsonl',
    kind: 'jsonl',
    options: { label: 'label' },
    make: (path, sizeBytes) => writeLines(path, sizeBytes, '', jsonLine),
  },
  {
    format: 'FASTQ, bases',
    file: 'reads.fastq',
    kind: 'fastq',
    options: {},
    make: (path, sizeBytes) => writeLines(path, sizeBytes, '', fastqEntry),
  },
  {
    format: 'Parquet, a list column',
    file: 'lists.parquet',
    kind: 'parquet',
    options: { label: 'label' },
    make: writeParquet,
  },
];

function symbolsOf(row: number, count: number, bound = 41): number[] {
  const random = randomStream(2, 'synthetic', row);
  return Array.from({ length: count }, (_, i) => random.integer(i, bound));
}

/** Six digits behind the point, about half of them below 0. */
function decimalsOf(row: number): string[] {
  const random = randomStream(2, 'synthetic', row);
  return Array.from({ length: COLUMNS }, (_, i) => (20 * random.uniform(i) - 10).toFixed(6));
}

const wideHeader = (): string =>
  `label,${Array.from({ length: COLUMNS }, (_, t) => `t${t}`).join(',')}\n`;
const wideLine = (row: number): string => `c${row % 5},${symbolsOf(row, COLUMNS).join(',')}\n`;
const cellLine = (row: number): string => `c${row % 5},${symbolsOf(row, COLUMNS).join(' ')}\n`;
const decimalLine = (row: number): string => `c${row % 5},${decimalsOf(row).join(',')}\n`;
const jsonLine = (row: number): string =>
  `${JSON.stringify({ label: `c${row % 5}`, values: symbolsOf(row, COLUMNS) })}\n`;

function fastqEntry(row: number): string {
  const symbols = symbolsOf(row, READ_LENGTH, 160);
  const bases = symbols.map((symbol) => 'ACGT'[symbol & 3]).join('');
  const qualities = String.fromCharCode(...symbols.map((symbol) => 33 + (symbol >> 2)));
  return `@read${row}\n${bases}\n+\n${qualities}\n`;
}

/** Few different lines in turn would be duplicates: each differs. */
async function writeLines(
  path: string,
  sizeBytes: number,
  header: string,
  lineOf: (row: number) => string,
): Promise<void> {
  // What the disk still writes of the source would slow the dataset down.
  const stream = createWriteStream(path, { flush: true });
  let written = header.length;
  stream.write(header);
  for (let row = 0; written < sizeBytes; row++) {
    const line = lineOf(row);
    written += line.length;
    if (!stream.write(line)) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
}

/** About `sizeBytes` of values, one byte each in the dataset. */
async function writeParquet(path: string, sizeBytes: number): Promise<void> {
  const file = openParquetFile(path, [
    { name: 'label', type: 'text', depth: 0 },
    { name: 'values', type: 'integer', depth: 1 },
  ]);
  const rows = Math.ceil(sizeBytes / COLUMNS);
  for (let start = 0; start < rows; start += ROWS_OF_GROUP) {
    const numbers = Array.from(
      { length: Math.min(ROWS_OF_GROUP, rows - start) },
      (_, i) => start + i,
    );
    file.write([
      numbers.map((row) => `c${row % 5}`),
      numbers.map((row) => symbolsOf(row, COLUMNS)),
    ]);
  }
  file.finish();
}
