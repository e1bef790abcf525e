/** The cells of one column in one row group of Parquet, page by page. */
import { crc32 } from 'node:zlib';
import type { ColumnMetaData, DecodedArray, PageHeader, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import type { RandomAccess } from '../../source/file/scratch-file.ts';
import { type Cell, Moment } from './cell.ts';
import { type PageContext, readDataPage, readDictionary } from './parquet-page.ts';
import { RowAssembler } from './row-assembler.ts';

/** The first try for a page's header; statistics make some longer. */
const HEADER_BYTES = 4096;
const MOST_HEADER_BYTES = 2 ** 22;
/** Read ahead of all columns together, and of each at least. */
const AHEAD_BYTES = 2 ** 25;
const MOST_AHEAD_BYTES = 2 ** 22;
const FEWEST_AHEAD_BYTES = 2 ** 16;

/** A column and where its pages lie. */
export interface ColumnChunk {
  readonly metadata: ColumnMetaData;
  /** From the root to the leaf. */
  readonly schemaPath: readonly SchemaTree[];
}

/**
 * Yields the cells, those of a page at a time; a row that the next page continues comes with that page.
 * @param beside columns that are read at once
 * @throws Error for damaged bytes
 */
export async function* readColumn(
  file: RandomAccess,
  chunk: ColumnChunk,
  beside = 1,
): AsyncGenerator<Cell[]> {
  const { metadata } = chunk;
  const context = contextOf(chunk);
  const assembler = new RowAssembler(chunk.schemaPath);
  let dictionary: DecodedArray | undefined;
  const total = Number(metadata.num_values);
  const start = startOf(metadata);
  const end = start + Number(metadata.total_compressed_size);
  const ahead = Math.max(FEWEST_AHEAD_BYTES, Math.min(MOST_AHEAD_BYTES, AHEAD_BYTES / beside));
  const pages = new PageReader(file, { start, end, aheadBytes: Math.floor(ahead) });
  for (let seen = 0; seen < total; ) {
    const { header, bytes } = await pages.next();
    if (header.type === 'DICTIONARY_PAGE') dictionary = readDictionary(bytes, header, context);
    else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      const page = readDataPage(bytes, header, dictionary, context);
      seen += countOf(header);
      yield assembler.add(page);
    }
  }
  yield assembler.end();
}

const countOf = (header: PageHeader): number =>
  (header.data_page_header ?? header.data_page_header_v2)!.num_values;

function contextOf({ metadata, schemaPath }: ColumnChunk): PageContext {
  const path = schemaPath.slice(1).map(({ element }) => element.repetition_type);
  const element = schemaPath.at(-1)!.element;
  return {
    maxRepetition: path.filter((type) => type === 'REPEATED').length,
    maxDefinition: path.filter((type) => type !== 'REQUIRED').length,
    decoder: {
      pathInSchema: metadata.path_in_schema,
      type: metadata.type,
      element,
      schemaPath: [...schemaPath],
      codec: metadata.codec,
      parsers: {
        ...DEFAULT_PARSERS,
        stringFromBytes: strictText,
        // As text: an object would have no name.
        jsonFromBytes: strictText,
        timestampFromMicroseconds: (microseconds) => new Moment(microseconds * 1000n),
        timestampFromNanoseconds: (nanoseconds) => new Moment(nanoseconds),
      },
    },
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function strictText(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes && UTF8.decode(bytes);
  } catch {
    throw new Error('a text is not valid UTF-8');
  }
}

function startOf({ dictionary_page_offset, data_page_offset }: ColumnMetaData): number {
  const data = Number(data_page_offset);
  const dictionary = Number(dictionary_page_offset ?? 0);
  return dictionary > 0 && dictionary < data ? dictionary : data;
}

/** Reads pages one after the other, ahead in large pieces. */
class PageReader {
  readonly #file: RandomAccess;
  readonly #end: number;
  readonly #aheadBytes: number;
  #position: number;
  /** The bytes from the position on that were read already. */
  #ahead: Buffer = Buffer.alloc(0);

  constructor(file: RandomAccess, place: { start: number; end: number; aheadBytes: number }) {
    this.#file = file;
    this.#position = place.start;
    this.#end = place.end;
    this.#aheadBytes = place.aheadBytes;
  }

  async next(): Promise<{ header: PageHeader; bytes: Uint8Array }> {
    const header = await this.#header();
    const size = header.compressed_page_size;
    if (!(size >= 0 && size <= this.#end - this.#position)) throw new Error('a page is cut off');
    const bytes = (await this.#peek(size)).subarray(0, size);
    if (bytes.length < size) throw new Error('a page is cut off');
    this.#skip(size);
    const { crc } = header;
    if (crc !== undefined && crc32(bytes) !== crc >>> 0) throw new Error('a checksum is wrong');
    return { header, bytes };
  }

  async #header(): Promise<PageHeader> {
    for (let size = HEADER_BYTES; ; size *= 8) {
      const bytes = await this.#peek(size);
      const reader = {
        view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
        offset: 0,
      };
      try {
        const header = parquetHeader(reader);
        this.#skip(reader.offset);
        return header;
      } catch (error) {
        if (size >= MOST_HEADER_BYTES || bytes.length < size) throw error;
      }
    }
  }

  /** The bytes from the position on: `size` or more, or all up to the end. */
  async #peek(size: number): Promise<Buffer> {
    const left = this.#end - this.#position;
    if (this.#ahead.length < Math.min(size, left)) {
      this.#ahead = await this.#file.read(
        this.#position,
        Math.min(left, Math.max(size, this.#aheadBytes)),
      );
    }
    return this.#ahead;
  }

  #skip(size: number): void {
    this.#position += size;
    this.#ahead = this.#ahead.subarray(size);
  }
}
