/** Divides JSON into its records without reading it whole: the elements of one array, or values one after the other. */
import { constants } from 'node:buffer';
import { lineError } from '../../source/table/table-columns.ts';

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE, COMMA, BACKSLASH] = [
  9, 10, 13, 0x20, 0x22, 0x2c, 0x5c,
];
const [OPEN, CLOSE, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Of one record. */
const MOST_BYTES = constants.MAX_STRING_LENGTH;

/** The text of one record, and the line in which it begins. */
export interface JsonElement {
  readonly line: number;
  /** Of all records of the file, from 1; where each has a line of its own, that line. */
  readonly number: number;
  readonly text: string;
}

/**
 * Yields the records of each chunk.
 * @param chunks UTF-8
 * @throws LockstepError DATA_INVALID for an array that does not end, and for text behind it
 */
export async function* jsonElements(
  path: string,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<JsonElement[]> {
  const scanner = new ElementScanner(path);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    // A record that has not ended doubles before it is looked at again.
    if (waitingBytes < scanner.restBytes) continue;
    yield scanner.feed(Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  }
  yield scanner.feed(Buffer.concat(waiting));
  yield scanner.end();
}

class ElementScanner {
  readonly #path: string;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the rest that have been looked at. */
  #seen = 0;
  /** Where the record at hand begins in the rest; −1 between records. */
  #start = -1;
  #depth = 0;
  #isString = false;
  #line = 1;
  #startLine = 1;
  /** Records that have ended. */
  #count = 0;
  /** Whether the file is one array; undefined before its first character. */
  #array: 'open' | 'closed' | 'none' | undefined;
  /** A comma has announced a record. */
  #isAnnounced = false;

  constructor(path: string) {
    this.#path = path;
  }

  get restBytes(): number {
    return this.#rest.length;
  }

  feed(chunk: Buffer): JsonElement[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const found: JsonElement[] = [];
    let at = this.#seen;
    for (; at < bytes.length; at++) {
      const end = this.#look(bytes, at);
      if (end < 0) continue;
      found.push(this.#element(bytes.toString('utf8', this.#start, end)));
      this.#start = -1;
    }
    const from = this.#start < 0 ? at : this.#start;
    this.#rest = Buffer.from(bytes.subarray(from));
    if (this.#rest.length > MOST_BYTES) {
      throw lineError(
        this.#path,
        this.#startLine,
        `a record of more than ${MOST_BYTES} bytes begins here`,
      );
    }
    this.#seen = at - from;
    if (this.#start >= 0) this.#start = 0;
    return found;
  }

  end(): JsonElement[] {
    if (this.#array === 'open' || this.#depth > 0 || this.#isString) {
      throw lineError(this.#path, this.#line, 'the file ends within its JSON');
    }
    if (this.#start < 0) return [];
    return [this.#element(this.#rest.toString())];
  }

  #element(text: string): JsonElement {
    this.#count++;
    return { line: this.#startLine, number: this.#count, text };
  }

  /** Looks at one byte; returns the end of the record if this byte ends it, else −1. */
  #look(bytes: Buffer, at: number): number {
    const byte = bytes[at]!;
    if (byte === LINE_FEED) this.#line++;
    if (this.#isString) {
      if (byte === QUOTE && !isEscaped(bytes, at, this.#start)) this.#isString = false;
      return -1;
    }
    if (byte === SPACE || byte === TAB || byte === RETURN || byte === LINE_FEED) {
      return this.#depth === 0 && this.#start >= 0 && this.#array === 'none' ? at : -1;
    }
    if (this.#start < 0 && this.#isFrame(byte)) return -1;
    return this.#inRecord(byte, at);
  }

  /** Whether the byte belongs to the array around the records. */
  #isFrame(byte: number): boolean {
    if (this.#array === undefined) {
      this.#array = byte === OPEN ? 'open' : 'none';
      return byte === OPEN;
    }
    if (this.#array === 'none') return false;
    if (this.#array === 'closed') {
      throw lineError(this.#path, this.#line, 'something follows the end of its JSON array');
    }
    if (byte === COMMA || (byte === CLOSE && this.#isAnnounced)) {
      throw lineError(this.#path, this.#line, 'a record is missing beside a comma');
    }
    if (byte === CLOSE) this.#array = 'closed';
    return byte === CLOSE;
  }

  #inRecord(byte: number, at: number): number {
    if (this.#depth === 0 && this.#start >= 0 && (byte === COMMA || byte === CLOSE)) {
      if (byte === CLOSE) this.#array = 'closed';
      this.#isAnnounced = byte === COMMA;
      return at;
    }
    if (this.#start < 0) {
      this.#start = at;
      this.#startLine = this.#line;
    }
    if (byte === QUOTE) this.#isString = true;
    else if (byte === OPEN || byte === OPEN_OBJECT) this.#depth++;
    else if (byte === CLOSE || byte === CLOSE_OBJECT) this.#depth--;
    return this.#depth === 0 && this.#array === 'none' && !this.#isString ? at + 1 : -1;
  }
}

function isEscaped(bytes: Buffer, at: number, start: number): boolean {
  let backslashes = 0;
  while (at - 1 - backslashes >= start && bytes[at - 1 - backslashes] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}
