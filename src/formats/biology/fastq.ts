/** Scans FASTQ: records of four lines. No line becomes a string. */
import type { LockstepError } from '../../core/errors.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { lineError } from '../../source/table/table-columns.ts';
import { type Alphabet, UNKNOWN } from './alphabet.ts';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const [MARK, PLUS] = [0x40, 0x2b];
/** Qualities are written as characters from "!" on. */
const ZERO_QUALITY = 0x21;
const MOST_QUALITY = 93;

/** What to read of the file, and whether it gives qualities beside letters; they are checked in any case. */
export interface FastqRule {
  readonly alphabet: Alphabet;
  readonly hasQualities: boolean;
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
}

class FastqScanner {
  /** Where the last whole record of a scan ended. */
  end = 0;
  readonly #path: string;
  readonly #codes: Uint8Array;
  readonly #hasQualities: boolean;
  #line = 1;
  readonly #feeds = new Int32Array(4);

  constructor(path: string, { alphabet, hasQualities }: FastqRule) {
    this.#path = path;
    this.#codes = alphabet.codes;
    this.#hasQualities = hasQualities;
  }

  scan(bytes: Buffer): FastqEntry[] {
    const entries: FastqEntry[] = [];
    // All letters and qualities of the scan lie in one array: allocating two a read is slow. Letters are at most half.
    const decoded = new Uint8Array(this.#hasQualities ? bytes.length : bytes.length >> 1);
    let filled = 0;
    this.end = 0;
    while (this.#findFeeds(bytes)) {
      const entry = this.#entry(bytes, decoded, filled);
      filled += entry.letters.length + entry.qualities.length;
      entries.push(entry);
      this.end = this.#feeds[3]! + 1;
      this.#line += 4;
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

  #entry(bytes: Buffer, decoded: Uint8Array, filled: number): FastqEntry {
    const feeds = this.#feeds;
    const start = this.end;
    const [first, second, third] = [feeds[0]! + 1, feeds[1]! + 1, feeds[2]! + 1];
    if (bytes[start] !== MARK) throw this.#wrong(0, 'it does not begin with "@"');
    if (bytes[second] !== PLUS) {
      throw this.#wrong(2, 'it does not begin with "+": a read has four lines');
    }
    const length = endOfLine(bytes, first, feeds[1]!) - first;
    const qualities = endOfLine(bytes, third, feeds[3]!) - third;
    if (length !== qualities) {
      throw this.#wrong(3, `it has ${qualities} qualities for ${length} letters`);
    }
    const hasUnknown = this.#decode(bytes, first, decoded, filled, length);
    this.#checkQualities(bytes, third, third + length);
    const afterLetters = filled + length;
    const afterQualities = afterLetters + (this.#hasQualities ? length : 0);
    for (let at = afterLetters; at < afterQualities; at++) {
      decoded[at] = bytes[third + at - afterLetters]! - ZERO_QUALITY;
    }
    return {
      header: bytes.subarray(start + 1, feeds[0]),
      letters: decoded.subarray(filled, afterLetters),
      qualities: decoded.subarray(afterLetters, afterQualities),
      hasUnknown,
      line: this.#line,
    };
  }

  #decode(bytes: Buffer, from: number, to: Uint8Array, at: number, length: number): boolean {
    const codes = this.#codes;
    let largest = 0;
    for (let i = 0; i < length; i++) {
      const code = codes[bytes[from + i]!]!;
      to[at + i] = code;
      if (code > largest) largest = code;
    }
    return largest > UNKNOWN - 2;
  }

  #checkQualities(bytes: Buffer, from: number, to: number): void {
    // Negative as soon as one lies outside.
    let signs = 0;
    for (let at = from; at < to; at++) {
      const quality = bytes[at]! - ZERO_QUALITY;
      signs |= quality | (MOST_QUALITY - quality);
    }
    if (signs < 0) throw this.#wrong(3, 'it has a character that is no quality');
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
