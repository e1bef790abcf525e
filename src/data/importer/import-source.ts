/** Chooses the importer for a source from the options of `data import`. */
import { statSync } from 'node:fs';
import { LockstepError } from '../../core/errors.ts';
import { importCsv } from './import-csv.ts';
import { importFolder } from './import-folder.ts';
import { importJsonl } from './import-jsonl.ts';
import type { ClassRule, GroupRule } from './path-rules.ts';
import type { ImportItem } from './record.ts';
import { SYMBOL_MAPS } from './symbol-map.ts';
import type { TableColumns } from './table-columns.ts';

/** A source and how to read it. */
export interface SourceOptions extends SourceRules {
  source: string;
  maxLength?: number | undefined;
}

/** How to read a source of any kind. A dataset's manifest keeps these rules. */
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

/** The rules among the options. */
export function rulesOf(options: SourceOptions): SourceRules {
  const { classBy, extension, depth, groupBy, groupLevels, symbolMap, exclude } = options;
  const { values, id, label, group, split, delimiter } = options;
  const folder = { classBy, extension, depth, groupBy, groupLevels, symbolMap, exclude };
  return { ...folder, values, id, label, group, split, delimiter };
}

/**
 * The records of a folder, a CSV or a JSONL file.
 * @throws LockstepError USAGE for a bad option; DATA_NOT_FOUND
 */
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
