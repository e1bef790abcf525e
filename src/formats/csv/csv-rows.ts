/**
 * Divides a text into rows and cells without making strings: RFC 4180, read strictly. A quote stands around a
 * whole cell or is refused, and within quotes it is doubled.
 */

import { constants } from 'node:buffer';
import { CopyBlock } from '../../core/copy-block.ts';
import { lineError } from '../../source/table/table-columns.ts';
import { CellDivider, MOST_BYTES } from './integer-cells.ts';

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE] = [0x09, 0x0a, 0x0d, 0x20, 0x22];
const ZERO = 0x30;
/** Digits that an int32 holds, whatever they are. */
const MOST_DIGITS = 9;
/** Of one row, whose cells become texts. A quote that nothing closes makes one row of the rest of the file. */
const MOST_ROW_BYTES = constants.MAX_STRING_LENGTH;
/** A row of this size is worth the call of another program. */
const LONG_ROW_BYTES = 256;

const longRows = new CellDivider();
const copies = new CopyBlock();

/** Of the memory for joined chunks. */
const SPARE = 1.25;

const QUOTE_ADVICE =
  'Quotes stand around a whole cell, without a space before the first one (in pandas, skipinitialspace=True reads such files); within a quoted cell they are doubled.';

/** What stands between cells: the code of an ASCII character, or a run of spaces and tabs. */
export type Separator = number | 'spaces';

/**
 * The rows of a text, those of one chunk after the other. Ignores empty lines.
 * @param chunks UTF-8
 * @throws LockstepError DATA_INVALID, which names the line
 */
export async function* csvRows(
  path: string,
  chunks: AsyncIterable<Buffer>,
  separator: Separator,
): AsyncGenerator<Iterable<Row>> {
  const scanner = new RowScanner(path, separator);
  const joined = joiner();
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let restBytes = 0;
  let hasReturns: boolean | undefined;
  for await (const chunk of chunks) {
    waiting.push(hasReturns ? withLineFeeds(chunk) : chunk);
    waitingBytes += chunk.length;
    if (hasReturns === undefined) {
      hasReturns = endsInReturns(chunk);
      if (hasReturns === undefined) continue;
      if (hasReturns) waiting = waiting.map(withLineFeeds);
    }
    // An unfinished row doubles before it is looked at again.
    if (waitingBytes < 2 * restBytes) continue;
    scanner.feed(joined(waiting, waitingBytes), false);
    yield scanner;
    const rest = scanner.rest();
    waiting = [rest];
    waitingBytes = rest.length;
    restBytes = rest.length;
  }
  scanner.feed(joined(waiting, waitingBytes), true);
  yield scanner;
}

/** Joins pieces, of which the first may be the end of what it joined last, in one piece of memory for all calls. */
function joiner(): (pieces: readonly Buffer[], sizeBytes: number) => Buffer {
  let memory = Buffer.alloc(0);
  return (pieces, sizeBytes) => {
    const target =
      sizeBytes <= memory.length ? memory : Buffer.allocUnsafeSlow(Math.ceil(SPARE * sizeBytes));
    let at = 0;
    for (const piece of pieces) at += piece.copy(target, at);
    memory = target;
    return target.subarray(0, sizeBytes);
  };
}

/** Whether lines end in a carriage return alone, as old programs write them; undefined if none ends here. */
function endsInReturns(chunk: Buffer): boolean | undefined {
  if (chunk.includes(LINE_FEED)) return false;
  const at = chunk.indexOf(RETURN);
  return at < 0 || at === chunk.length - 1 ? undefined : true;
}

const withLineFeeds = (chunk: Buffer): Buffer =>
  Buffer.from(chunk.map((byte) => (byte === RETURN ? LINE_FEED : byte)));

/** One row; the next one takes its place. */
export class Row {
  bytes: Buffer = Buffer.alloc(0);
  /** Its line, from 1; the last one if it spans several. */
  line = 0;
  /** Number of cells. */
  size = 0;
  /** Where each cell begins and ends in the bytes, without its quotes. */
  starts: Int32Array = new Int32Array(64);
  ends: Int32Array = new Int32Array(64);
  /** What each cell of at most nine digits, and nothing else, says; negative for others. */
  integers: Int32Array = new Int32Array(64);
  /** What short decimal numbers say, NaN for other cells, where that is known. */
  #numbers: Float64Array | undefined;
  /** Cells in which quotes are doubled. */
  readonly #quoted = new Set<number>();

  text(cell: number): string {
    const text = this.bytes.toString('utf8', this.starts[cell], this.ends[cell]);
    return this.#quoted.has(cell) ? text.replaceAll('""', '"') : text;
  }

  /** Whether the bytes of a cell are its text. */
  isPlain(cell: number): boolean {
    return this.#quoted.size === 0 || !this.#quoted.has(cell);
  }

  /** @param integer what its digits say; −1 if that is not known */
  add(start: number, end: number, integer = -1): void {
    if (this.size === this.starts.length) this.grow();
    this.starts[this.size] = start;
    this.ends[this.size] = end;
    this.integers[this.size] = integer;
    this.size++;
  }

  /** Adds a cell in which quotes are doubled. */
  addQuoted(start: number, end: number): void {
    this.#quoted.add(this.size);
    this.add(start, end);
  }

  /** A short number with a decimal point, where that is known already; else NaN. */
  number(cell: number): number {
    return this.#numbers?.[cell] ?? Number.NaN;
  }

  /** The numbers of the cells [first, end), if all of them are among those that are known; else undefined. */
  numbers(first: number, end: number): Float64Array | undefined {
    return this.#numbers && copies.doubles(this.#numbers.subarray(first, end));
  }

  clear(): void {
    this.size = 0;
    this.#numbers = undefined;
    if (this.#quoted.size > 0) this.#quoted.clear();
  }

  /** Takes the place of all cells, which the next row of the divider changes. */
  fill({ size, starts, ends, integers, numbers }: CellDivider): void {
    [this.size, this.starts, this.ends, this.integers] = [size, starts, ends, integers];
    this.#numbers = numbers;
  }

  /** Makes room for more cells. */
  grow(): this {
    const grown = (old: Int32Array) => {
      const larger = new Int32Array(old.length * 2);
      larger.set(old);
      return larger;
    };
    this.starts = grown(this.starts);
    this.ends = grown(this.ends);
    this.integers = grown(this.integers);
    return this;
  }
}

/** Iterates over the rows of what it was fed, with one result object for all of them. */
class RowScanner implements Iterable<Row>, Iterator<Row> {
  readonly #path: string;
  readonly #separator: Separator;
  readonly #row = new Row();
  readonly #result = { value: this.#row, done: false };
  #bytes: Buffer = Buffer.alloc(0);
  #isLast = false;
  /** Where the next row begins. */
  #next = 0;
  /** Lines before the next row. */
  #lines = 0;
  /** Bytes of the last row: the next one is likely to have as many. */
  #rowBytes = 0;
  /** Where the next quote is; the end of the bytes if there is none. */
  #quote = 0;

  constructor(path: string, separator: Separator) {
    this.#path = path;
    this.#separator = separator;
  }

  /** @param bytes the rest, and what follows it */
  feed(bytes: Buffer, isLast: boolean): void {
    this.#bytes = bytes;
    this.#isLast = isLast;
    this.#next = 0;
    this.#quote = -1;
  }

  /** The bytes of the row that has not ended yet. */
  rest(): Buffer {
    const rest = this.#bytes.subarray(this.#next);
    if (rest.length <= MOST_ROW_BYTES) return rest;
    const what = `a row of more than ${MOST_ROW_BYTES} bytes begins here: does it open a quote that nothing closes`;
    throw lineError(this.#path, this.#lines + 1, what);
  }

  [Symbol.iterator](): this {
    this.#result.done = false;
    return this;
  }

  next(): IteratorResult<Row> {
    this.#result.done = !this.#scanRow();
    return this.#result;
  }

  /** Finds the next row that is not empty; false if there is none to its end. */
  #scanRow(): boolean {
    const row = this.#row;
    row.bytes = this.#bytes;
    while (this.#next < this.#bytes.length) {
      const lines = this.#lines;
      const start = this.#next;
      row.clear();
      const isWhole = this.#separator === 'spaces' ? this.#scanWords(row) : this.#scanCells(row);
      if (!isWhole) {
        this.#lines = lines;
        return false;
      }
      const isEmpty = row.size === 1 && row.starts[0] === start && row.ends[0] === start;
      if (!isEmpty) return true;
    }
    return false;
  }

  /** The row at `#next`; false if it has not ended yet. Reads small integers on the way. */
  #scanCells(row: Row): boolean {
    const separator = this.#separator as number;
    if (this.#rowBytes >= LONG_ROW_BYTES && this.#divide(row, separator)) return true;
    const bytes = this.#bytes;
    // Most bytes are above all that count.
    const limit = separator < ZERO ? Math.max(separator, QUOTE) : QUOTE;
    let { starts, ends, integers } = row;
    let size = 0;
    let start = this.#next;
    let at = start;
    // What the cell says if all its bytes are digits; `others` is negative as soon as one is none.
    let [integer, others] = [0, 0];
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte > limit && byte !== separator) {
        const digit = byte - ZERO;
        others |= digit | (9 - digit);
        integer = (Math.imul(integer, 10) + digit) | 0;
      } else if (byte === separator) {
        if (size === starts.length) ({ starts, ends, integers } = row.grow());
        starts[size] = start;
        ends[size] = at;
        integers[size++] = isInteger(at - start, others) ? integer : -1;
        start = at + 1;
        integer = 0;
        others = 0;
      } else if (byte === LINE_FEED) {
        break;
      } else if (byte === QUOTE) {
        if (at !== start) throw this.#fault('a quote begins within a cell', QUOTE_ADVICE);
        row.size = size;
        const after = this.#scanQuoted(row, start);
        if (after < 0) return false;
        if (bytes[after] !== separator) return this.#end(row, after + 1);
        ({ starts, ends, integers, size } = row);
        start = after + 1;
        at = after;
      } else others = -1;
    }
    if (at === bytes.length && !this.#isLast) return false;
    row.size = size;
    const end = at > start && bytes[at - 1] === RETURN ? at - 1 : at;
    row.add(start, end, isInteger(end - start, others) ? integer : -1);
    return this.#end(row, at + 1);
  }

  /** The row at `#next`, if it is one without quotes; else false. */
  #divide(row: Row, separator: number): boolean {
    const [bytes, start] = [this.#bytes, this.#next];
    const feed = bytes.indexOf(LINE_FEED, start);
    if (feed < 0 || feed - start > MOST_BYTES || this.#nextQuote() < feed) return false;
    const end = feed > start && bytes[feed - 1] === RETURN ? feed - 1 : feed;
    row.fill(longRows.divide(bytes, start, end, separator));
    return this.#end(row, feed + 1);
  }

  #nextQuote(): number {
    if (this.#quote >= this.#next) return this.#quote;
    const found = this.#bytes.indexOf(QUOTE, this.#next);
    this.#quote = found < 0 ? this.#bytes.length : found;
    return this.#quote;
  }

  /** Adds the cell whose quote opens at `open`; returns where it ends, or −1 if it has not ended yet. */
  #scanQuoted(row: Row, open: number): number {
    const bytes = this.#bytes;
    let hasQuotes = false;
    let from = open + 1;
    let close = bytes.indexOf(QUOTE, from);
    for (; close >= 0 && bytes[close + 1] === QUOTE; close = bytes.indexOf(QUOTE, from)) {
      hasQuotes = true;
      from = close + 2;
    }
    if (close < 0) {
      if (this.#isLast) throw this.#fault('nothing closes a quote that opens here');
      return -1;
    }
    let after = close + 1;
    if (bytes[after] === RETURN && [LINE_FEED, undefined].includes(bytes[after + 1])) after++;
    if (after >= bytes.length && !this.#isLast) return -1;
    const isEnd = after >= bytes.length || bytes[after] === LINE_FEED;
    if (!isEnd && bytes[after] !== this.#separator) {
      throw this.#fault(
        'something follows the quote that closes a cell',
        'Correct the line, or say with --delimiter what stands between the cells.',
      );
    }
    if (hasQuotes) row.addQuoted(open + 1, close);
    else row.add(open + 1, close);
    this.#lines += countLineFeeds(bytes, open, close);
    return after;
  }

  #scanWords(row: Row): boolean {
    const bytes = this.#bytes;
    let start = -1;
    let at = this.#next;
    for (; at < bytes.length && bytes[at] !== LINE_FEED; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE)
        throw this.#fault(
          'a cell between spaces has a quote',
          'Write it without quotes (in R, write.table(quote = FALSE)), or as CSV.',
        );
      const isSpace = byte === SPACE || byte === TAB || byte === RETURN;
      if (!isSpace && start < 0) start = at;
      if (!isSpace || start < 0) continue;
      row.add(start, at);
      start = -1;
    }
    if (at === bytes.length && !this.#isLast) return false;
    if (start >= 0) row.add(start, at);
    if (row.size === 0) row.add(this.#next, this.#next);
    return this.#end(row, at + 1);
  }

  #end(row: Row, next: number): true {
    this.#lines++;
    row.line = this.#lines;
    this.#rowBytes = next - this.#next;
    this.#next = next;
    return true;
  }

  #fault(what: string, advice?: string) {
    return lineError(this.#path, this.#lines + 1, what, { advice });
  }
}

const isInteger = (length: number, others: number): boolean =>
  others >= 0 && length > 0 && length <= MOST_DIGITS;

function countLineFeeds(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  let at = bytes.indexOf(LINE_FEED, from);
  for (; at >= 0 && at < to; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
