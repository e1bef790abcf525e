/**
 * Scans FASTQ: records of four lines, or of more where letters and qualities are wrapped. No line becomes a string.
 */
import { LockstepError } from '../../core/errors.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { lineError } from '../../source/table/table-columns.ts';
import type { Alphabet } from './alphabet.ts';
import { ReadKernel } from './read-kernel.ts';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const [MARK, PLUS] = [0x40, 0x2b];
/** Qualities are written as characters from "!" on; Illumina 1.3 to 1.7 wrote them from "@" on. */
const ZERO_QUALITY = 33;
const OLD_ZERO_QUALITY = 64;
const LAST_CHARACTER = 126;
/** Old qualities look like these, as far as "j"; new ones of Illumina end at 42, of others they may go up to 93. */
const OLD = { least: 26, above: 42, most: 73 } as const;

/** What to read of the file, and whether it gives qualities beside letters; they are checked in any case. */
export interface FastqRule {
  readonly alphabet: Alphabet;
  readonly hasQualities: boolean;
  /** The character that stands for a quality of 0; absent: 33, and a file that looks like 64 is refused. */
  readonly phred?: 33 | 64 | undefined;
}

/** One read. Its arrays are parts of larger ones. */
export interface FastqEntry {
  readonly header: Buffer;
  readonly letters: Uint8Array;
  /** Empty unless they are asked for. */
  readonly qualities: Uint8Array;
  /** Whether it has a byte that is no letter of the alphabet. */
  readonly hasUnknown: boolean;
  /** Of the header, from 1. */
  readonly line: number;
}

/**
 * Yields the reads of each chunk.
 * @throws LockstepError DATA_INVALID, which names the line
 */
export async function* scanFastq(
  path: string,
  chunks: AsyncIterable<Buffer>,
  rule: FastqRule,
): AsyncGenerator<FastqEntry[]> {
  const scanner = new FastqScanner(path, rule);
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    begun.push(chunk);
    // Without a line feed no line ends: joining the pieces can wait.
    if (chunk.indexOf(LINE_FEED) < 0) continue;
    const bytes = begun.length === 1 ? chunk : Buffer.concat(begun);
    yield scanner.scan(bytes);
    begun = [bytes.subarray(scanner.end)];
  }
  const rest = Buffer.concat([...begun, Buffer.of(LINE_FEED)]);
  yield scanner.scan(rest);
  scanner.refuseRest(rest.subarray(scanner.end));
  scanner.refuseOldQualities();
}

/** Where a record lies. */
interface FastqRecord {
  readonly header: Buffer;
  readonly bytes: Buffer;
  /** Where its letters and its qualities begin. */
  readonly letters: number;
  readonly qualities: number;
  /** Of both. */
  readonly length: number;
  readonly lines: number;
  /** Where the next record begins in what is scanned. */
  readonly end: number;
}

class FastqScanner {
  /** Where the last whole record of a scan ended. */
  end = 0;
  readonly #path: string;
  readonly #kernel: ReadKernel;
  readonly #hasQualities: boolean;
  readonly #isPhredGiven: boolean;
  readonly #zero: number;
  #leastQuality = Infinity;
  #mostQuality = 0;
  #line = 1;
  readonly #feeds = new Int32Array(4);

  constructor(path: string, { alphabet, hasQualities, phred }: FastqRule) {
    this.#path = path;
    this.#kernel = new ReadKernel(alphabet.codes);
    this.#hasQualities = hasQualities;
    this.#isPhredGiven = phred !== undefined;
    this.#zero = phred === 64 ? OLD_ZERO_QUALITY : ZERO_QUALITY;
  }

  scan(bytes: Buffer): FastqEntry[] {
    const entries: FastqEntry[] = [];
    // All letters and qualities of the scan lie in one array: allocating two a read is slow. Letters are at most half.
    const decoded = new Uint8Array(this.#hasQualities ? bytes.length : bytes.length >> 1);
    let filled = 0;
    this.end = 0;
    while (this.#findFeeds(bytes)) {
      const isWrapped = bytes[this.#feeds[1]! + 1] !== PLUS;
      const record = isWrapped ? this.#wrappedRecord(bytes) : this.#record(bytes);
      // The next chunk has the rest of it.
      if (record === undefined) break;
      const entry = this.#entry(record, decoded, filled);
      filled += entry.letters.length + entry.qualities.length;
      entries.push(entry);
      this.end = record.end;
      this.#line += record.lines;
    }
    return entries;
  }

  /** Finds the ends of the next four lines. */
  #findFeeds(bytes: Buffer): boolean {
    let at = this.end;
    for (let i = 0; i < 4; i++) {
      const feed = bytes.indexOf(LINE_FEED, at);
      if (feed < 0) return false;
      this.#feeds[i] = feed;
      at = feed + 1;
    }
    return true;
  }

  /** A record of four lines. */
  #record(bytes: Buffer): FastqRecord {
    const feeds = this.#feeds;
    const start = this.end;
    const [first, second, third] = [feeds[0]! + 1, feeds[1]! + 1, feeds[2]! + 1];
    if (bytes[start] !== MARK) throw this.#wrong(0, 'it does not begin with "@"');
    const length = endOfLine(bytes, first, feeds[1]!) - first;
    const qualities = endOfLine(bytes, third, feeds[3]!) - third;
    if (length !== qualities) {
      throw this.#wrong(3, `it has ${qualities} qualities for ${length} letters`);
    }
    const header = bytes.subarray(start + 1, feeds[0]);
    this.#checkName(header, bytes.subarray(second + 1, endOfLine(bytes, second, feeds[2]!)), 2);
    return {
      header,
      letters: first,
      qualities: third,
      bytes,
      length,
      end: feeds[3]! + 1,
      lines: 4,
    };
  }

  /** A record whose letters have several lines; its qualities have as many. Undefined if it goes on in the next chunk. */
  #wrappedRecord(bytes: Buffer): FastqRecord | undefined {
    const start = this.end;
    if (bytes[start] !== MARK) throw this.#wrong(0, 'it does not begin with "@"');
    const header = bytes.subarray(start + 1, this.#feeds[0]);
    const letters: Buffer[] = [];
    let at = this.#feeds[0]! + 1;
    for (; bytes[at] !== PLUS; at = bytes.indexOf(LINE_FEED, at) + 1) {
      const feed = bytes.indexOf(LINE_FEED, at);
      if (feed < 0) return undefined;
      if (bytes[at] === MARK)
        throw this.#wrong(letters.length + 1, 'it begins with "@", before a line "+"');
      letters.push(bytes.subarray(at, endOfLine(bytes, at, feed)));
    }
    const plus = at;
    at = bytes.indexOf(LINE_FEED, plus) + 1;
    if (at === 0) return undefined;
    const count = letters.length;
    this.#checkName(header, bytes.subarray(plus + 1, endOfLine(bytes, plus, at - 1)), count + 1);
    const qualities: Buffer[] = [];
    for (const line of letters) {
      const feed = bytes.indexOf(LINE_FEED, at);
      if (feed < 0) return undefined;
      const found = bytes.subarray(at, endOfLine(bytes, at, feed));
      if (found.length !== line.length) {
        const what = `it has ${found.length} qualities for ${line.length} letters in line ${this.#line + qualities.length + 1}`;
        throw this.#wrong(count + 2 + qualities.length, what);
      }
      qualities.push(found);
      at = feed + 1;
    }
    const joined = Buffer.concat([...letters, ...qualities]);
    const length = joined.length / 2;
    const lines = 2 * count + 2;
    return { header, letters: 0, qualities: length, bytes: joined, length, end: at, lines };
  }

  /** The line "+" may repeat the header. */
  #checkName(header: Buffer, name: Buffer, lines: number): void {
    if (name.length === 0 || name.equals(header.subarray(0, endOfLine(header, 0, header.length))))
      return;
    throw this.#wrong(lines, 'it names another read than the line with "@"');
  }

  #entry(record: FastqRecord, decoded: Uint8Array, filled: number): FastqEntry {
    const { bytes, length, header, letters: first, qualities: third } = record;
    const hasUnknown = this.#kernel.decode(bytes.subarray(first, first + length), decoded, filled);
    this.#checkQualities(record);
    const afterLetters = filled + length;
    const afterQualities = afterLetters + (this.#hasQualities ? length : 0);
    for (let at = afterLetters; at < afterQualities; at++) {
      const quality = bytes[third + at - afterLetters]! - this.#zero;
      decoded[at] = quality;
      if (quality < this.#leastQuality) this.#leastQuality = quality;
      if (quality > this.#mostQuality) this.#mostQuality = quality;
    }
    return {
      header,
      letters: decoded.subarray(filled, afterLetters),
      qualities: decoded.subarray(afterLetters, afterQualities),
      hasUnknown,
      line: this.#line,
    };
  }

  #checkQualities({ bytes, qualities, length, lines }: FastqRecord): void {
    const characters = bytes.subarray(qualities, qualities + length);
    if (this.#kernel.areWithin(characters, this.#zero, LAST_CHARACTER)) return;
    throw this.#wrong(lines - 1, 'it has a character that is no quality');
  }

  /** @throws LockstepError USAGE where all qualities together look like those of old files */
  refuseOldQualities(): void {
    if (!this.#hasQualities || this.#isPhredGiven) return;
    const [least, most] = [this.#leastQuality, this.#mostQuality];
    if (least < OLD.least || most <= OLD.above || most > OLD.most) return;
    throw new LockstepError(
      'USAGE',
      `Cannot import "${this.#path}": its qualities from ${least} to ${most} look like those of old files, which begin at "@".`,
      'Say --phred 64 to subtract 31 more; --phred 33 if they are right.',
    );
  }

  #wrong(lines: number, what: string): LockstepError {
    return lineError(this.#path, this.#line + lines, what);
  }

  /** @throws LockstepError DATA_INVALID for a record that lacks lines */
  refuseRest(rest: Buffer): void {
    if (rest.toString('latin1', 0, 1000).trim() === '' && rest.length < 1000) return;
    const [start = ''] = rest.toString('latin1', 0, 40).trim().split(/\r?\n/);
    throw sourceError(
      this.#path,
      `it is cut off: the read at line ${this.#line} ("${start}") lacks lines`,
    );
  }
}

const endOfLine = (bytes: Buffer, start: number, feed: number): number =>
  feed > start && bytes[feed - 1] === RETURN ? feed - 1 : feed;
