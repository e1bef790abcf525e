/** The importers by kind: built-in ones and extensions. */
import { statSync } from 'node:fs';
import { LockstepError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { fastaImporter, fastqImporter } from '../formats/biology/reads-importers.ts';
import { arrowImporter, huggingFaceImporter } from '../formats/columnar/arrow-importer.ts';
import { parquetImporter } from '../formats/columnar/parquet-importer.ts';
import { csvImporter } from '../formats/csv/csv-importer.ts';
import { jsonImporter, jsonlImporter } from '../formats/json/json-importers.ts';
import { numpyImporter } from '../formats/numpy/import-numpy.ts';
import { arffImporter } from '../formats/ucr/import-arff.ts';
import { tsImporter } from '../formats/ucr/import-ts.ts';
import { wavImporter } from '../formats/wav/import-wav.ts';
import type { ImporterDefinition } from '../source/define-importer.ts';
import { folderImporter } from './folder/folder-importer.ts';

const BUILT_IN: readonly ImporterDefinition[] = [
  folderImporter,
  csvImporter,
  jsonlImporter,
  jsonImporter,
  numpyImporter,
  parquetImporter,
  arrowImporter,
  huggingFaceImporter,
  tsImporter,
  arffImporter,
  fastaImporter,
  fastqImporter,
  wavImporter,
];

const FOLDER_IMPORTERS: readonly ImporterDefinition[] = [folderImporter, huggingFaceImporter];

/** What to do about files that people have, by their endings. */
const ADVICE: readonly (readonly [ending: RegExp, advice: string])[] = [
  [/\.(zip|tar|tgz|tar\.\w+|bz2|xz|7z|rar)$/i, 'Unpack the archive, and import what is in it.'],
  [/\.(xlsx?|xlsm|ods)$/i, 'Save the sheet as CSV (UTF-8), and import that.'],
  [
    /\.(pkl|pickle|joblib|pt|pth)$/i,
    'Lockstep never unpickles: save arrays with numpy.savez, or a table with to_parquet.',
  ],
  [
    /\.(h5|hdf5|mat|nc|rds|rdata)$/i,
    'Save the arrays with numpy.savez, or a table as .parquet or .csv.',
  ],
  [/\.(mp3|flac|ogg|m4a|aac)$/i, 'Convert it to WAV, for example with ffmpeg.'],
];

const adviceOn = (path: string): string =>
  ADVICE.find(([ending]) => ending.test(path))?.[1] ??
  'Give a folder of files, a .csv or a .jsonl file, or the module of an importer of your own by --extension.';

export class ImporterRegistry {
  readonly #importers = new Map(BUILT_IN.map((importer) => [importer.kind, importer]));

  /**
   * Adds an importer. Adding it again changes nothing.
   * @throws LockstepError EXTENSION_INVALID if another importer has the same kind
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

  /** All kinds, built-in ones first, then in the order of registration. */
  kinds(): string[] {
    return [...this.#importers.keys()];
  }

  isBuiltIn(importer: ImporterDefinition): boolean {
    return BUILT_IN.includes(importer);
  }

  /** A folder may be called as a file is; an extension decides by itself. */
  #readsFolders(importer: ImporterDefinition): boolean {
    return FOLDER_IMPORTERS.includes(importer) || !this.isBuiltIn(importer);
  }

  /**
   * The importer of a kind.
   * @throws LockstepError USAGE for an unknown kind
   */
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
   * The importer that accepts a source. Extensions come before built-in importers.
   * @param path an existing file or folder
   * @throws LockstepError USAGE if none accepts it, or two extensions do
   */
  accepting(path: string): ImporterDefinition {
    const isFolder = statSync(path).isDirectory();
    const accepting = [...this.#importers.values()].filter(
      (importer) => (isFolder ? this.#readsFolders(importer) : true) && importer.accepts(path),
    );
    const own = accepting.filter((importer) => !this.isBuiltIn(importer));
    const [first, second] = own.length > 0 ? own : accepting;
    if (first === undefined) {
      throw new LockstepError(
        'USAGE',
        `Cannot import "${path}": no importer takes it (${this.kinds().join(', ')}).`,
        adviceOn(path),
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

/** The registry of this process or thread. */
export const importers = new ImporterRegistry();
