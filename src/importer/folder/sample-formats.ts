/** Formats that a folder of samples may have, and what reads one file of each. */
import { basename, dirname } from 'node:path';
import type { z } from 'zod';
import { type ImportItem, isSkip } from '../../data/record.ts';
import { fastaImporter, fastqImporter } from '../../formats/biology/reads-importers.ts';
import { arrowImporter } from '../../formats/columnar/arrow-importer.ts';
import { parquetImporter } from '../../formats/columnar/parquet-importer.ts';
import { jsonImporter, jsonlImporter } from '../../formats/json/json-importers.ts';
import { arffImporter } from '../../formats/ucr/import-arff.ts';
import { tsImporter } from '../../formats/ucr/import-ts.ts';
import { wavImporter } from '../../formats/wav/import-wav.ts';
import type { ImporterDefinition } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
import type { FormatRules } from '../../source/rules/format-rules.ts';
import type { TableRules } from '../../source/rules/table-rules.ts';
import type { PathFacts } from './import-folder.ts';
import { readSampleArray } from './sample-array.ts';
import { readSampleTable, type Sample } from './sample-table.ts';

/** The options of the single formats. */
export type SampleRules = TableRules & FormatRules;

/** One file of a folder. */
export interface SampleFile {
  readonly path: string;
  /** Its name below the folder. */
  readonly id: string;
}

/** Formats of which each file is one sequence. */
const SINGLE: Readonly<Record<string, (path: string, rules: SampleRules) => Promise<Sample>>> = {
  CSV: (path, rules) => readSampleTable(path, tableOptions(rules)),
  NumPy: readSampleArray,
};

const SINGLE_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  CSV: ['values', 'time', 'timestepLabels', 'delimiter', 'decimal', 'noHeader'],
  NumPy: ['values', 'channels'],
};

/** Importers of formats whose files may hold several sequences, by format. */
const SEVERAL: Readonly<Record<string, readonly ImporterDefinition[]>> = {
  WAV: [wavImporter],
  JSON: [jsonImporter, jsonlImporter],
  FASTA: [fastaImporter],
  FASTQ: [fastqImporter],
  Parquet: [parquetImporter],
  Arrow: [arrowImporter],
  ARFF: [arffImporter],
  UCR: [tsImporter],
};

/** `values` is the name of a column only where it was changed. */
function tableOptions({ values, decimal, ...rules }: SampleRules) {
  return {
    ...rules,
    values: values === 'values' ? undefined : values,
    decimal: decimal === ',' ? (',' as const) : ('.' as const),
  };
}

/** The options that have a use for files of a format; for bytes, none. */
export function usefulOptions(format: string | undefined): readonly string[] {
  if (format === undefined) return [];
  const importers = Object.hasOwn(SEVERAL, format) ? SEVERAL[format]! : [];
  return SINGLE_OPTIONS[format] ?? importers.flatMap(({ options }) => Object.keys(options.shape));
}

/** Whether files of this format and name can be read. */
export function isReadable(format: string, path: string): boolean {
  if (format === 'NumPy') return /\.(npy|npz)$/i.test(contentName(path));
  return format in SINGLE || importerOf(format, path) !== undefined;
}

function importerOf(format: string, path: string): ImporterDefinition | undefined {
  if (!Object.hasOwn(SEVERAL, format)) return undefined;
  return SEVERAL[format]!.find((importer) => importer.accepts(path));
}

/**
 * The sequences of one file. Their ids begin with its name below the folder.
 * @throws LockstepError as the importer of the format
 */
export async function* readSample(
  format: string,
  { path, id }: SampleFile,
  rules: SampleRules,
): AsyncGenerator<ImportItem> {
  if (Object.hasOwn(SINGLE, format)) {
    yield { id, ...(await SINGLE[format]!(path, rules)) };
    return;
  }
  const importer = importerOf(format, path)!;
  for await (const item of importer.records(path, optionsFor(importer, rules))) {
    yield { ...item, id: idBelow(id, path, item) };
  }
}

function optionsFor({ options }: ImporterDefinition, rules: SampleRules): z.output<z.ZodObject> {
  const known = Object.entries(rules).filter(([key]) => Object.hasOwn(options.shape, key));
  return options.parse(Object.fromEntries(known));
}

/** An id that begins with the file's name gets the folder; any other one, the whole name. */
function idBelow(id: string, path: string, item: ImportItem): string {
  const name = basename(path);
  if (item.id !== name && !item.id.startsWith(`${name}:`)) return `${id}:${item.id}`;
  const folder = dirname(id);
  return folder === '.' ? item.id : `${folder}/${item.id}`;
}

/** A record with the class, group and split of its file, where it has none of its own. */
export function withPathRules(item: ImportItem, { label, group, split }: PathFacts): ImportItem {
  if (isSkip(item)) return item;
  const hasTarget =
    item.labels !== undefined || item.targets !== undefined || item.timestepLabels !== undefined;
  return {
    ...item,
    ...(!hasTarget && { label: item.label ?? label }),
    group: item.group ?? group,
    ...(split && { split: item.split ?? split }),
  };
}
