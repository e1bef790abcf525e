import type { ImportItem } from '../../data/record.ts';
import { type KnownItems, passOver } from '../known-items.ts';

/** Turns the rows of one file into sequences; `close` it after use. */
export interface TableReader<Row> {
  /** Takes a row and returns its sequence, if the row is one. After a row that fills the memory, `flush`. */
  read(row: Row): ImportItem | undefined;
  readonly isFull: boolean;
  /** Whether each row is an item, so that known ones need not be read. */
  readonly hasItemARow?: boolean;
  flush(): Promise<void>;
  /** What is left when there are no more rows. */
  rest(): AsyncIterable<ImportItem> | Iterable<ImportItem>;
  close(): Promise<void>;
}

/**
 * The sequences of rows.
 * @param readerOf makes the reader when it sees the first row
 * @param known rows that it passes over where each is an item
 */
export async function* readRows<Row>(
  blocks: AsyncIterable<Iterable<Row>>,
  readerOf: (first: Row) => { reader: TableReader<Row>; isHeader: boolean },
  known?: KnownItems,
): AsyncGenerator<ImportItem> {
  let reader: TableReader<Row> | undefined;
  try {
    for await (const rows of blocks) {
      for (const row of rows) {
        if (reader === undefined) {
          const begun = readerOf(row);
          reader = begun.reader;
          if (begun.isHeader) continue;
        }
        if (reader.hasItemARow && passOver(known)) continue;
        const item = reader.read(row);
        if (item !== undefined) yield item;
        if (reader.isFull) await reader.flush();
      }
    }
    if (reader !== undefined) yield* reader.rest();
  } finally {
    await reader?.close();
  }
}
