/** The sources of `data import`, and the folder that it makes. */
import type { Argv } from 'yargs';
import { LockstepError } from '../core/errors.ts';
import { exampleLine } from '../core/program-name.ts';

const SPLITS = ['train', 'validation', 'test'] as const;

export interface PathOptions {
  /** The sources, then the dataset. */
  paths: readonly string[];
  train: readonly string[];
  validation: readonly string[];
  test: readonly string[];
  splitList?: string | undefined;
  dryRun: boolean;
}

export function pathOptions<T>(yargs: Argv<T>): Argv<T & PathOptions> {
  const files = { type: 'string', array: true, nargs: 1, default: [] as string[] } as const;
  return yargs
    .positional('paths', {
      type: 'string',
      array: true,
      demandOption: true,
      describe:
        "The sources, then the folder to make. A source is a file, a folder, a pattern in quotes ('part-*.csv'), or what an extension reads",
    })
    .option('train', { ...files, describe: 'A source of training sequences, or a pattern' })
    .option('validation', { ...files, describe: 'A source of validation sequences' })
    .option('test', { ...files, describe: 'A source of test sequences' })
    .option('split-list', {
      type: 'string',
      describe: 'A CSV file with the columns id and split; sequences that it lacks are dealt out',
    })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'Show the columns, the first records and the report, and keep no dataset',
    }) as unknown as Argv<T & PathOptions>;
}

/** Those of one import. */
export interface ImportPaths {
  readonly source?: readonly string[];
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
  readonly store: string;
}

/** What a dry run calls a dataset that has no name. */
const NO_STORE = 'dataset';

/**
 * The last path is the dataset; a dry run needs none where it has a source otherwise.
 * @throws LockstepError USAGE where a source or the dataset is missing
 */
export function importPaths(options: PathOptions): ImportPaths {
  const { train, validation, test, dryRun } = options;
  const given = { train, validation, test };
  const hasSplits = SPLITS.some((split) => given[split].length > 0);
  const isSource = dryRun && options.paths.length === 1 && !hasSplits;
  const paths = isSource ? [...options.paths, NO_STORE] : options.paths;
  const source = paths.slice(0, -1);
  if (source.length === 0 && !hasSplits) {
    throw new LockstepError(
      'USAGE',
      '"data import" needs <source> and <store>.',
      `For example: ${exampleLine('data import examples/sequences.csv data/mine --id id --label class')}`,
    );
  }
  return { ...(source.length > 0 && { source }), ...given, store: paths.at(-1)! };
}
