/** An importer reads a source of one kind; the built-in ones and those of extensions are made by the same call. */
import type { z } from 'zod';
import { checkDefinition } from '../../config/check-definition.ts';
import type { ImportItem } from './record.ts';

export interface ImporterDefinition<Options extends z.ZodObject = z.ZodObject> {
  readonly defines: 'importer';
  /** What `--importer` and a dataset's manifest call it. */
  readonly kind: string;
  /** How a source is read, with defaults; `--option key=value` sets one. */
  readonly options: Options;
  /** Whether it reads this file or folder, which exists: by its name, or by a look into it. */
  accepts(path: string): boolean;
  /**
   * The sequences of the source, one after the other: a large source is never held whole.
   * @throws LockstepError DATA_NOT_FOUND or DATA_INVALID, naming the line
   */
  records(path: string, options: z.output<Options>): AsyncIterable<ImportItem>;
}

/**
 * Defines an importer. Export it from an extension.
 * @throws LockstepError EXTENSION_INVALID for a name, options or functions that can't be used
 */
export function defineImporter<Options extends z.ZodObject>(
  definition: Omit<ImporterDefinition<Options>, 'defines'>,
): ImporterDefinition<Options> {
  checkDefinition('defineImporter', 'kind', definition, ['accepts', 'records']);
  return { ...definition, defines: 'importer' };
}

/** Whether a module's export is one of `defineImporter`. */
export function isImporter(value: unknown): value is ImporterDefinition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'defines' in value &&
    value.defines === 'importer'
  );
}
