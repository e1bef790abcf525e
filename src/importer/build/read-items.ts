import type { ImportItem } from '../../data/record.ts';

/** Items as they come, or in batches, which cost less time. */
export type ReadItems =
  | AsyncIterable<ImportItem | readonly ImportItem[]>
  | Iterable<ImportItem | readonly ImportItem[]>;

export const isBatch = (read: ImportItem | readonly ImportItem[]): read is readonly ImportItem[] =>
  Array.isArray(read);

/** The items of all batches. */
export async function* oneByOne(items: ReadItems): AsyncGenerator<ImportItem, void> {
  for await (const read of items) {
    if (isBatch(read)) yield* read;
    else yield read;
  }
}
