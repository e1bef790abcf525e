/** Reads text files strictly: UTF-8, or UTF-16 with a byte order mark. No byte becomes a replacement character. */
import { constants, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { LockstepError } from '../../core/errors.ts';
import { lineError } from '../table/table-columns.ts';
import { readBytes } from './compressed.ts';
import { formatByStart } from './file-format.ts';
import { sourceError } from './source-error.ts';

const LINE_FEED = 0x0a;
const UTF16_MARKS = { 'utf-16le': [0xff, 0xfe], 'utf-16be': [0xfe, 0xff] } as const;

/**
 * The text of a file in chunks of UTF-8, without a byte order mark. A chunk may end within a line. Decompresses
 * .gz and .zst files.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the first line that is not in its encoding, for a
 * damaged archive, and for a file that begins as one of another format
 */
export async function* readText(path: string): AsyncGenerator<Buffer> {
  const text = new StrictText(path);
  let isStart = true;
  for await (const chunk of readBytes(path)) {
    if (isStart) refuseBinary(path, chunk);
    isStart = false;
    const part = text.next(chunk);
    if (part.length > 0) yield part;
  }
  const last = text.end();
  if (last.length > 0) yield last;
}

/** Formats that are text. */
const TEXTS = ['FASTA', 'FASTQ', 'UCR'];

/** What to do about a file that is no data, or has another name than its format. */
const ADVICE: Readonly<Record<string, string>> = {
  HTML: 'This is a web page, perhaps with an error: download the data again.',
};
const RENAME = 'Give it the name that its format has, or leave it out.';

function refuseBinary(path: string, start: Buffer): void {
  const format = formatByStart(start);
  if (format === undefined || TEXTS.includes(format)) return;
  const article = /^([AE]|H[A-Z]|a)/.test(format) ? 'an' : 'a';
  throw sourceError(path, `it is ${article} ${format} file, not what its name says`, {
    advice: ADVICE[format] ?? RENAME,
  });
}

/**
 * The lines of a text, without their line feeds.
 * @param chunks UTF-8
 * @throws an error with the code ERR_STRING_TOO_LONG for a line of more than 512 MiB
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)]).toString();
      begun = [];
      begunBytes = 0;
      start = end + 1;
    }
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > constants.MAX_STRING_LENGTH) throw endless();
  }
  yield Buffer.concat(begun).toString();
}

/** As Node says it of a text that is all there: without this one, a small archive of zeros would fill the memory first. */
const endless = (): Error =>
  Object.assign(new Error('a line does not end'), { code: 'ERR_STRING_TOO_LONG' });

/** Checks one chunk after the other and knows the line. */
class StrictText {
  readonly #path: string;
  /** Line feeds of the text so far. */
  #lines = 0;
  #isStart = true;
  #utf16: { name: string; decoder: TextDecoder } | undefined;
  /** The beginning of a character of UTF-8, or of the file. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  next(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = Buffer.alloc(0);
    if (!this.#isStart) return this.#decode(bytes);
    if (bytes.length < 3) {
      this.#rest = bytes;
      return Buffer.alloc(0);
    }
    return this.#decode(this.#start(bytes));
  }

  /**
   * The text of bytes that waited for more.
   * @throws LockstepError DATA_INVALID for a file that ends within a character
   */
  end(): Buffer {
    const rest = this.#isStart ? this.#start(this.#rest) : this.#rest;
    return this.#decode(rest, true);
  }

  /** Looks for a byte order mark and removes that of UTF-8. */
  #start(bytes: Buffer): Buffer {
    this.#isStart = false;
    for (const [name, mark] of Object.entries(UTF16_MARKS)) {
      if (bytes[0] !== mark[0] || bytes[1] !== mark[1]) continue;
      this.#utf16 = { name, decoder: new TextDecoder(name, { fatal: true }) };
    }
    return bytes.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf)) ? bytes.subarray(3) : bytes;
  }

  #decode(bytes: Buffer, isEnd = false): Buffer {
    if (this.#utf16 !== undefined) return this.#decodeUtf16(bytes, isEnd);
    const whole = isEnd ? bytes.length : wholeCharacters(bytes);
    this.#rest = bytes.subarray(whole);
    const text = bytes.subarray(0, whole);
    this.#refuseZeros(text);
    if (!isUtf8(text)) throw this.#failure(linesBeforeFault(text), 'UTF-8');
    this.#lines += countLines(text);
    return text;
  }

  #decodeUtf16(bytes: Buffer, isEnd: boolean): Buffer {
    const { decoder, name } = this.#utf16!;
    try {
      const text = Buffer.from(decoder.decode(bytes, { stream: !isEnd }));
      this.#refuseZeros(text);
      this.#lines += countLines(text);
      return text;
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      throw this.#failure(0, name.toUpperCase());
    }
  }

  /** In texts, zero bytes come from two or four bytes a character. */
  #refuseZeros(text: Buffer): void {
    const place = text.indexOf(0);
    if (place < 0) return;
    const line = this.#lines + countLines(text.subarray(0, place)) + 1;
    throw lineError(this.#path, line, 'it has a zero byte, which no text has', {
      advice:
        'If the file is UTF-16 without a byte order mark, or UTF-32, save it as UTF-8, for example with "iconv -f utf-16le -t utf-8".',
    });
  }

  #failure(linesAhead: number, encoding: string) {
    const advice = `Save the file as UTF-8, for example with "iconv -f latin1 -t utf-8".`;
    const what = `it is not valid ${encoding}`;
    return lineError(this.#path, this.#lines + linesAhead + 1, what, { advice });
  }
}

/** Bytes before a character that the chunk does not hold to its end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}

/** Line feeds before the first line that is not UTF-8. */
function linesBeforeFault(bytes: Buffer): number {
  let start = 0;
  for (let lines = 0; ; lines++) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return lines;
    start = end + 1;
  }
}
