/** Importers: each reads one kind of source. Built-in importers and extensions use the same call. */
import type { z } from 'zod';
import { checkDefinition } from '../config/check-definition.ts';
import type { ImportItem } from '../data/record.ts';
import type { KnownItems } from './known-items.ts';
import type { ColumnUse } from './preview.ts';

/** An importer. */
export interface ImporterDefinition<Options extends z.ZodObject = z.ZodObject> {
  readonly defines: 'importer';
  /** Its name for `--importer` and in a dataset's manifest. */
  readonly kind: string;
  /** Its options, with defaults; `--option key=value` sets one. */
  readonly options: Options;
  /** Whether it can read this existing file or folder. It may decide by the name or by the contents. */
  accepts(path: string): boolean;
  /**
   * Yields the sequences one by one, so that a large source need not fit into memory.
   * @param known items that an interrupted import has read: an importer may pass over them, and count them there
   * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the line
   */
  records(path: string, options: z.output<Options>, known?: KnownItems): AsyncIterable<ImportItem>;
  /**
   * The columns of a table and what the options make of them, for `data import --dry-run`.
   * @throws LockstepError as `records`
   */
  columns?(path: string, options: z.output<Options>): Promise<readonly ColumnUse[]>;
}

/**
 * Defines an importer. Export it from an extension.
 * @throws LockstepError EXTENSION_INVALID for a bad name, bad options or missing functions
 */
export function defineImporter<Options extends z.ZodObject>(
  definition: Omit<ImporterDefinition<Options>, 'defines'>,
): ImporterDefinition<Options> {
  checkDefinition('defineImporter', 'kind', definition, ['accepts', 'records']);
  return { ...definition, defines: 'importer' };
}

/** Whether a module's export is an importer. */
export function isImporter(value: unknown): value is ImporterDefinition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'defines' in value &&
    value.defines === 'importer'
  );
}
