/** The options of `data import` about its source. */
import type { Argv } from 'yargs';
import { SYMBOL_MAPS } from '../importer/folder/symbol-map.ts';
import { DEFAULT_RULES, type SourceOptions } from '../importer/source-rules.ts';
import { formatOptions } from './format-options.ts';

const FOLDER = 'Folders:';
const TABLE = 'Tables and arrays:';

export function sourceOptions<T>(yargs: Argv<T>): Argv<T & SourceOptions> {
  return formatOptions(yargs)
    .option('importer', {
      type: 'string',
      requiresArg: true,
      describe:
        'What reads the source: folder, csv, jsonl, numpy and others, or of an extension [default: by the source]',
    })
    .option('option', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'An option of the importer: --option key=value',
    })
    .option('class-by', {
      group: FOLDER,
      choices: ['folder', 'ending', 'none'],
      default: DEFAULT_RULES.classBy,
      describe: 'What names the class of a file',
    })
    .option('ending', {
      group: FOLDER,
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'Ending and its class: --ending .py=python (with --class-by ending)',
    })
    .option('depth', {
      group: FOLDER,
      type: 'number',
      default: DEFAULT_RULES.depth,
      describe: 'Which sub-folder names the class, 0 the first (with --class-by folder)',
    })
    .option('group-by', {
      group: FOLDER,
      choices: ['file', 'folder', 'npm-package'],
      default: DEFAULT_RULES.groupBy,
      describe: 'What must not be on two sides of a split',
    })
    .option('group-levels', {
      group: FOLDER,
      type: 'number',
      default: DEFAULT_RULES.groupLevels,
      describe: 'How many levels of folders make a group',
    })
    .option('symbol-map', {
      group: FOLDER,
      choices: ['none', ...Object.keys(SYMBOL_MAPS)],
      default: DEFAULT_RULES.symbolMap,
      describe: 'How text becomes symbols; none: bytes as they are',
    })
    .option('as', {
      group: FOLDER,
      choices: ['bytes'],
      describe: 'Takes the bytes of any file, also of .csv, .wav and the like',
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
      default: DEFAULT_RULES.values,
      describe:
        'Column of the values; a range t0..t95, 2.. or all-others has one column a timestep; x,y names two channels',
    })
    .option('id', { group: TABLE, type: 'string', describe: 'Column of the ids' })
    .option('time', {
      group: TABLE,
      type: 'string',
      describe:
        'Column of the times: each row is a timestep of the sequence with its id (long form)',
    })
    .option('label', { group: TABLE, type: 'string', describe: 'Column of the classes' })
    .option('labels', {
      group: TABLE,
      type: 'string',
      describe:
        'Column of several classes a sequence, or a column of 1 and 0 for each class: a,b,c',
    })
    .option('target', { group: TABLE, type: 'string', describe: 'Columns of numbers to predict' })
    .option('timestep-labels', {
      group: TABLE,
      type: 'string',
      describe: 'Column of the classes of the timesteps',
    })
    .option('group', { group: TABLE, type: 'string', describe: 'Column of the groups' })
    .option('split', { group: TABLE, type: 'string', describe: 'Column of the splits' })
    .option('no-header', {
      group: TABLE,
      type: 'boolean',
      default: DEFAULT_RULES.noHeader,
      describe: 'The first line of a CSV file is data; its columns are called 1, 2, 3, …',
    })
    .option('delimiter', {
      group: TABLE,
      type: 'string',
      describe:
        "Between the cells of a CSV file; '\\t' is a tab, spaces any number of them [default: a comma; a tab in .tsv]",
    })
    .option('decimal', {
      group: TABLE,
      choices: ['.', ','],
      default: DEFAULT_RULES.decimal,
      describe: "What stands before the fraction of a CSV file's values",
    }) as unknown as Argv<T & SourceOptions>;
}
