/** The importers by kind: the built-in ones, and those of extensions. */
import { LockstepError } from '../../core/errors.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import type { ImporterDefinition } from './define-importer.ts';
import { folderImporter } from './folder-importer.ts';
import { csvImporter } from './import-csv.ts';
import { jsonlImporter } from './import-jsonl.ts';

const BUILT_IN: readonly ImporterDefinition[] = [folderImporter, csvImporter, jsonlImporter];

export class ImporterRegistry {
  readonly #importers = new Map(BUILT_IN.map((importer) => [importer.kind, importer]));

  /**
   * Makes an importer known; the same one twice is one.
   * @throws LockstepError EXTENSION_INVALID when another one has its kind
   */
  register(importer: ImporterDefinition): void {
    const before = this.#importers.get(importer.kind) ?? importer;
    if (before !== importer) {
      throw new LockstepError(
        'EXTENSION_INVALID',
        `There are two definitions of the importer "${importer.kind}".`,
        'Give one of them another name; the built-in names are taken.',
      );
    }
    this.#importers.set(importer.kind, importer);
  }

  /** In the order of registration, the built-in ones first. */
  kinds(): string[] {
    return [...this.#importers.keys()];
  }

  isBuiltIn(importer: ImporterDefinition): boolean {
    return BUILT_IN.includes(importer);
  }

  /** @throws LockstepError USAGE for a kind that nobody registered */
  named(kind: string): ImporterDefinition {
    const found = this.#importers.get(kind);
    if (found !== undefined) return found;
    throw new LockstepError(
      'USAGE',
      `There is no importer "${kind}"; known: ${this.kinds().join(', ')}.${didYouMean(kind, this.kinds())}`,
      'Choose one of them, or give the module that defines it by --extension.',
    );
  }

  /**
   * The importer for a source: an extension's before a built-in one.
   * @param path of a file or folder that exists
   * @throws LockstepError USAGE when none accepts it, or two extensions do
   */
  accepting(path: string): ImporterDefinition {
    const accepting = [...this.#importers.values()].filter((importer) => importer.accepts(path));
    const own = accepting.filter((importer) => !this.isBuiltIn(importer));
    const [first, second] = own.length > 0 ? own : accepting;
    if (first === undefined) {
      throw new LockstepError(
        'USAGE',
        `Cannot import "${path}": no importer takes it (${this.kinds().join(', ')}).`,
        'Give a folder of files, a .csv or a .jsonl file, or the module of an importer of your own by --extension.',
      );
    }
    if (second !== undefined) {
      throw new LockstepError(
        'USAGE',
        `Cannot import "${path}": the importers "${first.kind}" and "${second.kind}" both take it.`,
        'Choose one with --importer.',
      );
    }
    return first;
  }
}

/** The one of this process or thread. */
export const importers = new ImporterRegistry();
