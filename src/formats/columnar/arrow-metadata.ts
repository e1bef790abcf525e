/**
 * Checks the metadata of Arrow's messages before apache-arrow decodes them: it trusts them, so that a damaged length
 * would take all memory. Tables are those of Arrow's Message.fbs and Schema.fbs.
 */

/** A field of a table, by its number: text, another table, a list of tables, or a list of values of so many bytes. */
type FieldKind = 'text' | Table | { readonly list: Table | number };
type Table = () => Readonly<Record<number, FieldKind>>;

const KEY_VALUE: Table = () => ({ 0: 'text', 1: 'text' });
const TYPE: Table = () => ({});
const DICTIONARY: Table = () => ({ 1: TYPE });
const FIELD: Table = () => ({
  0: 'text',
  3: TYPE,
  4: DICTIONARY,
  5: { list: FIELD },
  6: { list: KEY_VALUE },
});
const SCHEMA: Table = () => ({ 1: { list: FIELD }, 2: { list: KEY_VALUE } });
const RECORD_BATCH: Table = () => ({
  1: { list: 16 },
  2: { list: 16 },
  3: TYPE,
  4: { list: 8 },
});
const DICTIONARY_BATCH: Table = () => ({ 1: RECORD_BATCH });
/** By the number in a message. */
const HEADERS: Readonly<Record<number, Table>> = {
  1: SCHEMA,
  2: DICTIONARY_BATCH,
  3: RECORD_BATCH,
};

const [HEADER_TYPE, HEADER, BODY_LENGTH, MESSAGE_METADATA] = [1, 2, 3, 4];
const [DICTIONARY_TYPE, RECORD_BATCH_TYPE] = [2, 3];
/** Of one message: a schema has a few for each column. */
const MOST_TABLES = 1_000_000;

/** What a message says of itself. */
export interface MessageFacts {
  readonly bodyBytes: number;
  readonly isBatch: boolean;
  readonly isDictionary: boolean;
  /** A schema, of which a column counts in a dictionary. */
  readonly needsDictionaries: boolean;
}

/** @throws Error for metadata in which a place or a length lies outside */
export function checkMessage(metadata: Buffer): MessageFacts {
  const checker = new TableChecker(metadata);
  const message = checker.indirect(0);
  const typeAt = checker.field(message, HEADER_TYPE);
  const type = typeAt === undefined ? 0 : metadata.readUInt8(typeAt);
  const header = HEADERS[type];
  if (header === undefined) throw new Error(`a message is of the unknown kind ${type}`);
  checker.table(message, () => ({ [HEADER]: header, [MESSAGE_METADATA]: { list: KEY_VALUE } }));
  const bodyAt = checker.field(message, BODY_LENGTH);
  const bodyBytes = bodyAt === undefined ? 0 : Number(metadata.readBigInt64LE(bodyAt));
  if (!(bodyBytes >= 0 && Number.isSafeInteger(bodyBytes))) {
    throw new Error(`a message claims ${bodyBytes} bytes`);
  }
  return {
    bodyBytes,
    isBatch: type === RECORD_BATCH_TYPE,
    isDictionary: type === DICTIONARY_TYPE,
    needsDictionaries: checker.hasSeen(DICTIONARY),
  };
}

/** Walks tables of a flatbuffer. Every read beyond its end throws a RangeError. */
class TableChecker {
  readonly #bytes: Buffer;
  #tables = 0;
  readonly #seen = new Set<Table>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The place that a reference points to; it lies behind it. */
  indirect(at: number): number {
    const place = at + this.#bytes.readUInt32LE(at);
    if (place <= at) throw new Error('a reference points nowhere');
    return place;
  }

  /** Where a field of a table lies; undefined if it is absent. */
  field(table: number, number: number): number | undefined {
    const fields = table - this.#bytes.readInt32LE(table);
    const entry = 4 + 2 * number;
    if (entry + 2 > this.#bytes.readUInt16LE(fields)) return undefined;
    const offset = this.#bytes.readUInt16LE(fields + entry);
    return offset === 0 ? undefined : table + offset;
  }

  /** Whether there was a table of this kind. */
  hasSeen(kinds: Table): boolean {
    return this.#seen.has(kinds);
  }

  table(table: number, kinds: Table): void {
    if (++this.#tables > MOST_TABLES) throw new Error('a message has too many tables');
    this.#seen.add(kinds);
    for (const [number, kind] of Object.entries(kinds())) {
      const at = this.field(table, Number(number));
      if (at === undefined) continue;
      const place = this.indirect(at);
      if (typeof kind === 'function') this.table(place, kind);
      else if (kind === 'text') this.#list(place, 1);
      else if (typeof kind.list === 'number') this.#list(place, kind.list);
      else this.#tablesIn(place, kind.list);
    }
  }

  #tablesIn(list: number, kinds: Table): void {
    const count = this.#list(list, 4);
    for (let i = 0; i < count; i++) this.table(this.indirect(list + 4 + 4 * i), kinds);
  }

  /** The number of items, which lie behind it. */
  #list(list: number, itemBytes: number): number {
    const count = this.#bytes.readUInt32LE(list);
    if (list + 4 + count * itemBytes <= this.#bytes.length) return count;
    throw new Error(`a list claims ${count} items`);
  }
}
