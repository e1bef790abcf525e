/** From the options of `data import` to the importer that fits the source. */
import { statSync } from 'node:fs';
import type { Argv } from 'yargs';
import { LockstepError } from '../core/errors.ts';
import { importCsv } from '../data/importer/import-csv.ts';
import { importFolder } from '../data/importer/import-folder.ts';
import { importJsonl } from '../data/importer/import-jsonl.ts';
import type { ClassRule, GroupRule } from '../data/importer/path-rules.ts';
import type { ImportItem } from '../data/importer/record.ts';
import { SYMBOL_MAPS } from '../data/importer/symbol-map.ts';
import type { TableColumns } from '../data/importer/table-columns.ts';

export interface SourceOptions extends SourceRules {
  source: string;
  maxLength?: number | undefined;
}

/** How a source is read, whichever it is: what a dataset remembers of its import. */
export interface SourceRules {
  classBy: string;
  extension: string[];
  depth: number;
  groupBy: string;
  groupLevels: number;
  symbolMap: string;
  exclude: string[];
  values: string;
  id: string | undefined;
  label: string | undefined;
  group: string | undefined;
  split: string | undefined;
  delimiter: string;
}

export function rulesOf(options: SourceOptions): SourceRules {
  const { classBy, extension, depth, groupBy, groupLevels, symbolMap, exclude } = options;
  const { values, id, label, group, split, delimiter } = options;
  const folder = { classBy, extension, depth, groupBy, groupLevels, symbolMap, exclude };
  return { ...folder, values, id, label, group, split, delimiter };
}

const FOLDER = 'Folders:';
const TABLE = 'CSV and JSONL:';

export function sourceOptions<T>(yargs: Argv<T>): Argv<T & SourceOptions> {
  return yargs
    .positional('source', {
      type: 'string',
      demandOption: true,
      describe: 'A folder of files, a .csv or a .jsonl file',
    })
    .option('class-by', {
      group: FOLDER,
      choices: ['folder', 'extension', 'none'],
      default: 'folder',
      describe: "What names a file's class",
    })
    .option('extension', {
      group: FOLDER,
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'Ending and its class: --extension .py=python (with --class-by extension)',
    })
    .option('depth', {
      group: FOLDER,
      type: 'number',
      default: 0,
      describe: 'Which sub-folder names the class, 0 the first (with --class-by folder)',
    })
    .option('group-by', {
      group: FOLDER,
      choices: ['file', 'folder', 'npm-package'],
      default: 'file',
      describe: 'What must not be on two sides of a split',
    })
    .option('group-levels', {
      group: FOLDER,
      type: 'number',
      default: 1,
      describe: 'How many levels of folders make a group',
    })
    .option('symbol-map', {
      group: FOLDER,
      choices: ['none', ...Object.keys(SYMBOL_MAPS)],
      default: 'none',
      describe: 'How text becomes symbols; none: bytes as they are',
    })
    .option('exclude', {
      group: FOLDER,
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'A name or path to leave out',
    })
    .option('values', {
      group: TABLE,
      type: 'string',
      default: 'values',
      describe: 'Column of the values',
    })
    .option('id', { group: TABLE, type: 'string', describe: 'Column of the ids' })
    .option('label', { group: TABLE, type: 'string', describe: 'Column of the classes' })
    .option('group', { group: TABLE, type: 'string', describe: 'Column of the groups' })
    .option('split', { group: TABLE, type: 'string', describe: 'Column of the splits' })
    .option('delimiter', {
      group: TABLE,
      type: 'string',
      default: ',',
      describe: 'Between the cells of a CSV file',
    }) as unknown as Argv<T & SourceOptions>;
}

/** @throws LockstepError USAGE, DATA_NOT_FOUND */
export function importSource(options: SourceOptions): AsyncIterable<ImportItem> {
  const { source } = options;
  const kind = statSync(source, { throwIfNoEntry: false });
  if (kind === undefined) {
    throw new LockstepError(
      'DATA_NOT_FOUND',
      `Cannot import "${source}": there is no such file or folder.`,
      'Give a folder of files, a .csv or a .jsonl file.',
    );
  }
  if (kind.isDirectory()) return folderSource(options);
  if (source.endsWith('.csv')) {
    return importCsv({ path: source, columns: columnsOf(options), delimiter: options.delimiter });
  }
  if (source.endsWith('.jsonl')) return importJsonl({ path: source, columns: columnsOf(options) });
  throw new LockstepError(
    'USAGE',
    `Cannot import "${source}": its ending is none that is known.`,
    'Give a folder of files, a .csv or a .jsonl file.',
  );
}

function folderSource(options: SourceOptions): AsyncIterable<ImportItem> {
  const symbolMap = SYMBOL_MAPS[options.symbolMap];
  const { maxLength } = options;
  return importFolder({
    root: options.source,
    classes: classRule(options),
    groups: groupRule(options),
    exclude: options.exclude,
    ...(symbolMap !== undefined && { symbolMap }),
    ...(maxLength !== undefined && { readAtMost: maxLength + 1 }),
  });
}

function classRule({ classBy, extension, depth }: SourceOptions): ClassRule {
  if (classBy === 'none') return { by: 'none' };
  if (classBy === 'folder') return { by: 'folder', depth: wholeNumber('depth', depth, 0) };
  const pairs = extension.map((pair) => pair.split('='));
  const wrong = pairs.findIndex(
    ([ending, name, ...rest]) => !ending?.startsWith('.') || !name || rest.length > 0,
  );
  if (wrong < 0 && pairs.length > 0) {
    return { by: 'extension', classes: Object.fromEntries(pairs) as Record<string, string> };
  }
  const found = wrong < 0 ? 'none is given' : `"${extension[wrong]}" is not one`;
  throw new LockstepError(
    'USAGE',
    `--class-by extension wants endings with their classes: ${found}.`,
    'Give each as --extension .py=python.',
  );
}

function groupRule({ groupBy, groupLevels }: SourceOptions): GroupRule {
  if (groupBy === 'folder') {
    return { by: 'folder', levels: wholeNumber('group-levels', groupLevels, 1) };
  }
  return { by: groupBy as 'file' | 'npm-package' };
}

function wholeNumber(option: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new LockstepError(
    'USAGE',
    `Cannot use --${option} ${value}: the number must be an integer from ${least}.`,
    `Give --${option} a number such as ${least}.`,
  );
}

function columnsOf({ values, id, label, group, split }: SourceOptions): TableColumns {
  return { values, id, label, group, split };
}
