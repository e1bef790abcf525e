/** The options of every command that makes a dataset. */
import { basename } from 'node:path';
import type { Argv } from 'yargs';
import { LockstepError } from '../core/errors.ts';
import type { BuildOptions } from '../importer/build/build-options.ts';
import { MISSING_RULES, type MissingRule } from '../importer/build/missing-values.ts';
import type { BuildStoreOptions } from '../workflow/data/build-store.ts';

export interface StoreOptions {
  store: string;
  name: string | undefined;
  valueType: string;
  overwrite: boolean;
  minLength: number | undefined;
  maxLength: number | undefined;
  longer: string;
  missing: string;
  shares: string | undefined;
  folds: number | undefined;
  fold: number | undefined;
  perClass: number | undefined;
  perGroup: number | undefined;
  seed: number;
}

export function storeOptions<T>(yargs: Argv<T>): Argv<T & StoreOptions> {
  return yargs
    .option('name', { type: 'string', describe: "The dataset's name; the folder's when absent" })
    .option('value-type', {
      choices: ['auto', 'uint8', 'uint16', 'float32'],
      default: 'auto',
      describe: 'Type of the values; auto: the narrowest that holds them all',
    })
    .option('overwrite', { type: 'boolean', default: false, describe: 'Replace an existing one' })
    .option('min-length', { type: 'number', describe: 'Shorter sequences are left out' })
    .option('max-length', { type: 'number', describe: 'Longest sequence' })
    .option('longer', {
      choices: ['skip', 'truncate'],
      default: 'skip',
      describe: 'What happens to longer ones',
    })
    .option('missing', {
      choices: MISSING_RULES,
      default: 'skip',
      describe:
        'Sequences with NaN: left out, cut before a tail of NaN, filled in between neighbours, or kept with their gaps',
    })
    .option('shares', {
      type: 'string',
      describe:
        'Shares of train, validation and test; groups stay together [default: 0.7,0.15,0.15]',
    })
    .option('folds', {
      type: 'number',
      describe: 'Deals out k folds instead of shares: --folds 5 --fold 1 … --fold 5',
    })
    .option('fold', {
      type: 'number',
      describe: 'Fold for testing, from 1; the next one is for validation, the others for training',
    })
    .conflicts('shares', 'folds')
    .option('per-class', { type: 'number', describe: 'At most so many sequences of a class' })
    .option('per-group', { type: 'number', describe: 'At most so many sequences of a group' })
    .option('seed', {
      type: 'number',
      default: 0,
      describe: 'Everything random follows from it',
    }) as unknown as Argv<T & StoreOptions>;
}

export function storeBuildOptions(options: StoreOptions): Omit<BuildStoreOptions, 'source'> {
  const { minLength, maxLength, perClass, perGroup } = options;
  return {
    store: options.store,
    name: options.name ?? basename(options.store),
    valueType: options.valueType as BuildOptions['valueType'],
    overwrite: options.overwrite,
    length: {
      ...(minLength !== undefined && { minimum: minLength }),
      ...(maxLength !== undefined && { maximum: maxLength }),
      longer: options.longer as 'skip' | 'truncate',
    },
    missing: options.missing as MissingRule,
    ...(options.shares !== undefined && { shares: parseShares(options.shares) }),
    ...foldsGiven(options),
    caps: {
      ...(perClass !== undefined && { perClass }),
      ...(perGroup !== undefined && { perGroup }),
    },
    seed: options.seed,
    provenance: { command: process.argv.slice(2) },
  };
}

function foldsGiven({ folds, fold }: StoreOptions) {
  if (folds === undefined && fold === undefined) return {};
  if (folds !== undefined && fold !== undefined) return { folds: { folds, fold } };
  throw new LockstepError(
    'USAGE',
    `--${folds === undefined ? 'fold' : 'folds'} is given alone.`,
    'Say how many folds there are, and which of them is for testing: --folds 5 --fold 1.',
  );
}

function parseShares(text: string): { train: number; validation: number; test: number } {
  const parts = text.split(',');
  const shares = parts.map(Number) as [number, number, number];
  const isEmpty = (part: string) => part.trim() === '';
  if (
    parts.length !== 3 ||
    parts.some(isEmpty) ||
    shares.some((share) => !(share >= 0 && share <= 1))
  ) {
    throw new LockstepError(
      'USAGE',
      `Cannot use --shares "${text}": three numbers from 0 to 1 are wanted.`,
      'Give the shares of train, validation and test, such as --shares 0.7,0.15,0.15.',
    );
  }
  return { train: shares[0], validation: shares[1], test: shares[2] };
}
