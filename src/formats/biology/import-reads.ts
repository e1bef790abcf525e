/** Imports FASTA and FASTQ: letters as values, or words of letters, or qualities. */
import { basename } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import type { ImportItem } from '../../data/record.ts';
import { contentName, readBytes } from '../../source/file/compressed.ts';
import { type Alphabet, alphabetNamed } from './alphabet.ts';
import { scanFasta } from './fasta.ts';
import { type FastqEntry, scanFastq } from './fastq.ts';
import { refuseLongWords, type WordRule, wordsOf } from './kmer.ts';
import { HeaderReader } from './read-header.ts';

/** How to read FASTA. */
export interface FastaOptions {
  /** The letters: dna, iupac, protein, or the letters themselves. */
  readonly alphabet?: string | undefined;
  /** Letters that make one value. */
  readonly kmer: number;
  /** Letters from one word to the next. */
  readonly stride: number;
  /** Finds the class in a header: the part in brackets, or the whole. */
  readonly labelPattern?: string | undefined;
}

/** How to read FASTQ. */
export interface FastqOptions extends FastaOptions {
  /** Qualities are left out, are the values, or are a second channel. */
  readonly qualities: 'none' | 'values' | 'channel';
  /** The character that stands for a quality of 0: 33 or, in old files, 64. */
  readonly phred?: 33 | 64 | undefined;
}

/**
 * Yields the sequences. One with a letter outside the alphabet is skipped.
 * @throws LockstepError DATA_NOT_FOUND, DATA_INVALID, USAGE
 */
export async function* importFasta(path: string, given: FastaOptions): AsyncGenerator<ImportItem> {
  const isProtein = /\.faa$/i.test(contentName(path));
  const reader = new SequenceReader(path, given, isProtein ? 'protein' : 'dna');
  let number = 0;
  for await (const { header, letters, hasUnknown } of scanFasta(
    path,
    readBytes(path),
    reader.alphabet,
  )) {
    yield reader.item(header, letters, hasUnknown, ++number);
  }
  reader.end();
}

/**
 * Yields the reads. One with a letter outside the alphabet is skipped, unless only its qualities are values.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the line; USAGE
 */
export async function* importFastq(path: string, given: FastqOptions): AsyncGenerator<ImportItem> {
  const { qualities, kmer, stride, phred } = given;
  if (qualities !== 'none' && (kmer > 1 || stride > 1)) throw mixed(qualities);
  const reader = new SequenceReader(path, given, 'dna');
  const rule = { alphabet: reader.alphabet, hasQualities: qualities !== 'none', phred };
  for await (const entries of scanFastq(path, readBytes(path), rule)) {
    for (const entry of entries) yield fastqItem(reader, entry, qualities);
  }
  reader.end();
}

function fastqItem(
  reader: SequenceReader,
  { header, letters, qualities, hasUnknown, line }: FastqEntry,
  use: 'none' | 'values' | 'channel',
): ImportItem {
  if (use === 'values') return reader.item(header, qualities, false, line);
  const item = reader.item(header, letters, hasUnknown, line);
  if (use === 'none' || 'skipped' in item) return item;
  const values = new Uint8Array(2 * letters.length);
  for (let t = 0; t < letters.length; t++) {
    values[2 * t] = letters[t]!;
    values[2 * t + 1] = qualities[t]!;
  }
  return { ...item, values, channels: 2 };
}

function mixed(qualities: string): LockstepError {
  return new LockstepError(
    'USAGE',
    `--qualities ${qualities} and words of letters (--kmer, --stride) exclude each other.`,
    'Leave one of them out.',
  );
}

/** Turns letters and headers into records. */
class SequenceReader {
  readonly alphabet: Alphabet;
  readonly #path: string;
  readonly #headers: HeaderReader;
  readonly #words: WordRule;

  constructor(path: string, given: FastaOptions, alphabet: string) {
    this.#path = path;
    this.alphabet = alphabetNamed(given.alphabet ?? alphabet);
    this.#headers = new HeaderReader(path, given.labelPattern);
    this.#words = { length: given.kmer, stride: given.stride };
    refuseLongWords(this.#words, this.alphabet.size);
  }

  /** @param number names a sequence without an id */
  item(header: Buffer, letters: Uint8Array, hasUnknown: boolean, number: number): ImportItem {
    const { id = `${basename(this.#path)}:${number}`, label } = this.#headers.read(header);
    if (hasUnknown) return { id, skipped: 'unknown-letter' };
    const { length, stride } = this.#words;
    if (length === 1 && stride === 1) return { id, label, values: letters };
    if (letters.length < length) return { id, skipped: 'too-short' };
    return { id, label, values: wordsOf(letters, this.alphabet.size, this.#words) };
  }

  end(): void {
    this.#headers.end();
  }
}
