/** Reads sources with one importer. Threads start with it: it loads nothing else. */
import type { ImportItem } from '../data/record.ts';
import type { FoundSource } from '../source/file/find-sources.ts';
import { type KnownItems, passOver } from '../source/known-items.ts';
import { joinSources } from './join-sources.ts';
import type { KeyRoles } from './table-folder.ts';

/** What reads the records of a source, with the options that its importer's schema has made. */
export interface RecordReader {
  readonly kind: string;
  records(path: string, options: never, known?: KnownItems): AsyncIterable<ImportItem>;
}

/** What to read, and how. */
export interface SourceReading {
  /** The importer's options, with defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly sources: readonly FoundSource[];
  /** Whether the records have ids of their own; otherwise those of several sources get their path. */
  readonly hasIds: boolean;
  /** What the keys of table folders say. */
  readonly keyRoles: KeyRoles;
}

/** The items, without the known ones. */
export function readSource(
  reader: RecordReader,
  { options, sources, hasIds, keyRoles }: SourceReading,
  known: KnownItems,
): AsyncIterable<ImportItem> {
  const records = (path: string) => unknownOf(reader.records(path, options as never, known), known);
  const [first, second] = sources as [FoundSource, ...FoundSource[]];
  const isAlone = second === undefined && first.split === undefined && first.keys === undefined;
  if (isAlone) return records(first.path);
  const isNamedByPath = { ids: !hasIds, groups: reader.kind === 'folder' };
  return joinSources(sources, { records, isNamedByPath, keyRoles });
}

/** Leaves out the known items that an importer did not pass over itself. */
async function* unknownOf(
  items: AsyncIterable<ImportItem>,
  known: KnownItems,
): AsyncGenerator<ImportItem, void> {
  for await (const item of items) if (!passOver(known)) yield item;
}
