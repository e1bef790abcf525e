/** Scans FASTA: headers behind `>`, and the letters of the lines below. */
import { sourceError } from '../../source/file/source-error.ts';
import { type Alphabet, IGNORED, UNKNOWN } from './alphabet.ts';

const LINE_FEED = 0x0a;
const MARK = 0x3e;

/** One sequence. */
export interface FastaEntry {
  readonly header: Buffer;
  readonly letters: Uint8Array;
  /** Whether it has a byte that is no letter of the alphabet. */
  readonly hasUnknown: boolean;
}

/**
 * Yields the sequences. Holds one at a time, however long its lines are.
 * @throws LockstepError DATA_INVALID for text ahead of the first header
 */
export async function* scanFasta(
  path: string,
  chunks: AsyncIterable<Buffer>,
  alphabet: Alphabet,
): AsyncGenerator<FastaEntry> {
  const scanner = new FastaScanner(path, alphabet);
  for await (const chunk of chunks) yield* scanner.add(chunk);
  yield* scanner.end();
}

class FastaScanner {
  readonly #path: string;
  readonly #codes: Uint8Array;
  /** Pieces of the current header. */
  #header: Buffer[] | undefined;
  #isInHeader = false;
  #isAtLineStart = true;
  #letters = new Uint8Array(1024);
  #count = 0;
  #hasUnknown = false;

  constructor(path: string, { codes }: Alphabet) {
    this.#path = path;
    this.#codes = codes;
  }

  *add(chunk: Buffer): Generator<FastaEntry> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#isAtLineStart && chunk[at] === MARK) {
        yield* this.#close();
        this.#header = [];
        this.#isInHeader = true;
        at++;
      }
      const found = chunk.indexOf(LINE_FEED, at);
      const end = found < 0 ? chunk.length : found;
      // A copy: it must not keep the chunk.
      if (this.#isInHeader) this.#header!.push(Buffer.from(chunk.subarray(at, end)));
      else this.#addLetters(chunk, at, end);
      this.#isAtLineStart = found >= 0;
      if (found >= 0) this.#isInHeader = false;
      at = end + 1;
    }
  }

  *end(): Generator<FastaEntry> {
    yield* this.#close();
  }

  *#close(): Generator<FastaEntry> {
    if (this.#header === undefined) return;
    const header = Buffer.concat(this.#header);
    yield { header, letters: this.#letters.slice(0, this.#count), hasUnknown: this.#hasUnknown };
    this.#count = 0;
    this.#hasUnknown = false;
  }

  #addLetters(chunk: Buffer, start: number, end: number): void {
    this.#makeRoom(end - start);
    const codes = this.#codes;
    const letters = this.#letters;
    let count = this.#count;
    let hasUnknown = false;
    for (let at = start; at < end; at++) {
      const code = codes[chunk[at]!]!;
      if (code === IGNORED) continue;
      if (code === UNKNOWN) hasUnknown = true;
      letters[count++] = code;
    }
    if (count > this.#count && this.#header === undefined) {
      throw sourceError(this.#path, 'it is no FASTA file: its first line does not begin with ">"');
    }
    this.#count = count;
    this.#hasUnknown ||= hasUnknown;
  }

  #makeRoom(more: number): void {
    if (this.#count + more <= this.#letters.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#letters.length, this.#count + more));
    larger.set(this.#letters.subarray(0, this.#count));
    this.#letters = larger;
  }
}
