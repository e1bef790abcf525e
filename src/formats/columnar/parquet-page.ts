/** Decodes one page of a column of Parquet: levels and values. */
import * as zlib from 'node:zlib';
import type { DecodedArray, Encoding, PageHeader } from 'hyparquet';
import { convertWithDictionary } from 'hyparquet/src/convert.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { compressors } from 'hyparquet-compressors';
import { Decimal, integerOf } from './decimal.ts';
import { readIndexed } from './parquet-dictionary.ts';
import { isRunOf, readHybrid } from './parquet-levels.ts';

/** What decodes the values of a column. */
type ColumnDecoder = Parameters<typeof convertWithDictionary>[3];

/** The levels of a column and how its values are decoded. */
export interface PageContext {
  readonly decoder: ColumnDecoder;
  readonly maxRepetition: number;
  readonly maxDefinition: number;
}

/** Where lists start, what is present, and the present values one after the other. */
export interface Page {
  /** For each entry; empty without lists. 0 starts a row. */
  readonly repetition: Uint8Array;
  /** For each entry; absent where every value is present. */
  readonly definition: Uint8Array | undefined;
  readonly values: DecodedArray;
}

/** Bounds for damaged headers: writers end a page at about 1 MiB. */
const MOST_VALUES = 2 ** 26;
const MOST_BYTES = 2 ** 29;

/** The values that a dictionary page holds. */
export function readDictionary(
  bytes: Uint8Array,
  header: PageHeader,
  { decoder }: PageContext,
): DecodedArray {
  const count = checkedCount(header.dictionary_page_header?.num_values);
  const page = decompress(bytes, header.uncompressed_page_size, decoder);
  const values = decodePlain(page, count, decoder);
  return narrowest(converted(values, 'PLAIN', decoder));
}

/** The same integers in bytes if they fit, or as doubles instead of bigints: values are many and entries are few. */
function narrowest(entries: DecodedArray): DecodedArray {
  if (!(entries instanceof Int32Array || entries instanceof BigInt64Array)) return entries;
  const numbers = Array.from<number | bigint, number>(entries, Number);
  if (numbers.every((number) => number >= 0 && number <= 0xff)) return Uint8Array.from(numbers);
  const areExact = entries instanceof BigInt64Array && numbers.every(Number.isSafeInteger);
  return areExact ? Float64Array.from(numbers) : entries;
}

/** @throws Error for damaged bytes and for encodings of single writers */
export function readDataPage(
  bytes: Uint8Array,
  header: PageHeader,
  dictionary: DecodedArray | undefined,
  context: PageContext,
): Page {
  const parts =
    header.type === 'DATA_PAGE'
      ? partsOf(bytes, header, context)
      : partsOfV2(bytes, header, context);
  const { count, repetition, encoding } = parts;
  const { definition } = parts;
  const present = definition === undefined ? count : countOf(definition, context.maxDefinition);
  return {
    repetition,
    definition: present === count ? undefined : definition,
    values: valuesOf(parts.values, present, encoding, dictionary, context.decoder),
  };
}

interface PageParts {
  readonly count: number;
  readonly repetition: Uint8Array;
  /** Absent where it is clear that every value is present. */
  readonly definition: Uint8Array | undefined;
  readonly values: Uint8Array;
  readonly encoding: Encoding;
}

/** All parts are compressed together; each kind of levels says its own length. */
function partsOf(bytes: Uint8Array, header: PageHeader, context: PageContext): PageParts {
  const facts = header.data_page_header;
  if (facts === undefined) throw new Error('a page has no header');
  const count = checkedCount(facts.num_values);
  const page = decompress(bytes, header.uncompressed_page_size, context.decoder);
  const { maxRepetition, maxDefinition } = context;
  const repetition = levelsWithLength(page, 0, maxRepetition);
  const definition = levelsWithLength(page, repetition.end, maxDefinition);
  return {
    count,
    repetition: levelsOf(repetition.levels, count, maxRepetition),
    definition: definitionOf(definition.levels, count, maxDefinition),
    values: page.subarray(definition.end),
    encoding: facts.encoding,
  };
}

function levelsWithLength(page: Uint8Array, start: number, maximum: number) {
  if (maximum === 0) return { levels: page.subarray(0, 0), end: start };
  const length = viewOf(page).getUint32(start, true);
  const end = start + 4 + length;
  return { levels: page.subarray(start + 4, end), end };
}

/** Levels are not compressed; the header says their lengths. */
function partsOfV2(bytes: Uint8Array, header: PageHeader, context: PageContext): PageParts {
  const facts = header.data_page_header_v2;
  if (facts === undefined) throw new Error('a page has no header');
  const { maxRepetition, maxDefinition, decoder } = context;
  const count = checkedCount(facts.num_values);
  const afterRepetition = facts.repetition_levels_byte_length;
  const afterLevels = afterRepetition + facts.definition_levels_byte_length;
  const repetition = levelsOf(bytes.subarray(0, afterRepetition), count, maxRepetition);
  const definition = bytes.subarray(afterRepetition, afterLevels);
  const rest = bytes.subarray(afterLevels);
  const size = header.uncompressed_page_size - afterLevels;
  const isCompressed = facts.is_compressed !== false && size > 0;
  return {
    count,
    repetition,
    definition: definitionOf(definition, count, maxDefinition),
    values: isCompressed ? decompress(rest, size, decoder) : rest,
    encoding: facts.encoding,
  };
}

/** Empty where there is one level only. */
function levelsOf(bytes: Uint8Array, count: number, maximum: number): Uint8Array {
  if (maximum === 0) return new Uint8Array(0);
  const levels = new Uint8Array(count);
  readHybrid(bytes, widthOf(maximum), levels);
  return levels;
}

function definitionOf(bytes: Uint8Array, count: number, maximum: number): Uint8Array | undefined {
  if (maximum === 0 || isRunOf(maximum, bytes, widthOf(maximum), count)) return undefined;
  return levelsOf(bytes, count, maximum);
}

/** Bits of a level. */
const widthOf = (maximum: number): number => 32 - Math.clz32(maximum);

function valuesOf(
  bytes: Uint8Array,
  count: number,
  encoding: Encoding,
  dictionary: DecodedArray | undefined,
  decoder: ColumnDecoder,
): DecodedArray {
  if (!encoding.endsWith('_DICTIONARY')) {
    const values = decodeValues(bytes, count, encoding, decoder);
    return converted(values, encoding, decoder);
  }
  if (dictionary === undefined) throw new Error('a page needs a dictionary that is absent');
  return readIndexed(bytes, count, dictionary);
}

/** A double has so many decimal digits. */
const EXACT_DIGITS = 15;

function converted(values: DecodedArray, encoding: Encoding, decoder: ColumnDecoder): DecodedArray {
  const { converted_type: type, precision = 0, scale = 0 } = decoder.element;
  if (type !== 'DECIMAL' || precision <= EXACT_DIGITS) {
    return convertWithDictionary(values, undefined, encoding, decoder);
  }
  return Array.from<unknown, Decimal>(values, (value) => {
    const integer = value instanceof Uint8Array ? integerOf(value) : BigInt(value as number);
    return new Decimal(integer, scale);
  });
}

function decodeValues(
  bytes: Uint8Array,
  count: number,
  encoding: Encoding,
  decoder: ColumnDecoder,
): DecodedArray {
  const { type, element } = decoder;
  const reader = { view: viewOf(bytes), offset: 0 };
  switch (encoding) {
    case 'PLAIN':
      return decodePlain(bytes, count, decoder);
    case 'RLE':
      return booleans(bytes.subarray(4), count);
    case 'BYTE_STREAM_SPLIT':
      return byteStreamSplit(reader, count, type, element.type_length);
    case 'DELTA_BINARY_PACKED': {
      const values = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
      if (count > 0) deltaBinaryUnpack(reader, count, values);
      return values;
    }
    case 'DELTA_LENGTH_BYTE_ARRAY':
    case 'DELTA_BYTE_ARRAY': {
      const texts = new Array<Uint8Array>(count);
      const decode = encoding === 'DELTA_BYTE_ARRAY' ? deltaByteArray : deltaLengthByteArray;
      if (count > 0) decode(reader, count, texts);
      return texts;
    }
    default:
      throw new Error(`the encoding ${encoding} is unknown`);
  }
}

function booleans(bytes: Uint8Array, count: number): boolean[] {
  const bits = new Uint8Array(count);
  readHybrid(bytes, 1, bits);
  return Array.from(bits, (bit) => bit === 1);
}

/** Fewest bits of a value: a damaged count must not make a large array. */
const FEWEST_BITS: Readonly<Record<string, number>> = {
  BOOLEAN: 1,
  INT32: 32,
  INT64: 64,
  INT96: 96,
  FLOAT: 32,
  DOUBLE: 64,
  BYTE_ARRAY: 32,
};

function decodePlain(
  bytes: Uint8Array,
  count: number,
  { type, element }: ColumnDecoder,
): DecodedArray {
  const bits = FEWEST_BITS[type] ?? 8 * (element.type_length ?? 0);
  if (count * bits > bytes.length * 8) throw new Error('a page is cut off');
  return readPlain({ view: viewOf(bytes), offset: 0 }, type, count, element.type_length);
}

function decompress(bytes: Uint8Array, size: number, { codec }: ColumnDecoder): Uint8Array {
  if (!(size >= 0 && size <= MOST_BYTES)) throw new Error(`a page claims ${size} bytes`);
  return decompressPage(bytes, size, codec, COMPRESSORS);
}

/** Node's own zstd, where it has one, is several times as fast. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array };
const COMPRESSORS = {
  ...compressors,
  ...(zstdDecompressSync && { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) }),
};

function checkedCount(count: number | undefined): number {
  if (count !== undefined && count >= 0 && count <= MOST_VALUES) return count;
  throw new Error(`a page claims ${count} values`);
}

function countOf(levels: Uint8Array, level: number): number {
  let count = 0;
  for (let i = 0; i < levels.length; i++) if (levels[i] === level) count++;
  return count;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
