/** The options of `buildStore`, checked once. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { MISSING_RULES } from './missing-values.ts';

const share = z.number().min(0).max(1);
const positive = z.int().min(1);

const buildOptions = z.strictObject({
  /** Folder of the store. */
  target: z.string().min(1),
  name: z.string().min(1),
  /** The dataset goes with the command that makes it: messages name what it is made of. */
  isTemporary: z.boolean().default(false),
  /** `auto`: the narrowest type that holds all values; float32 where they may be missing. */
  valueType: z.enum(['auto', 'uint8', 'uint16', 'float32']).default('auto'),
  /** Replace an existing store. */
  overwrite: z.boolean().default(false),
  length: z
    .strictObject({
      minimum: positive.default(1),
      maximum: positive.default(2 ** 31 - 1),
      longer: z.enum(['skip', 'truncate']).default('skip'),
    })
    .refine(({ minimum, maximum }) => minimum <= maximum, 'minimum is above maximum')
    .prefault({}),
  /** Class names in the order of their labels; absent: all names in the data, sorted (numbers by value). */
  classes: z.array(z.string()).optional(),
  /** Names of the numbers that sequences have as their target. */
  targetNames: z.array(z.string()).default([]),
  /** Columns that no option names and that look like those of the classes and of the times: the report names them. */
  unused: z.strictObject({ label: z.string().optional(), time: z.string().optional() }).default({}),
  shares: z
    .strictObject({ train: share, validation: share, test: share })
    .refine(
      ({ train, validation, test }) => Math.abs(train + validation + test - 1) < 1e-6,
      'the three shares do not add up to 1',
    )
    .default({ train: 0.7, validation: 0.15, test: 0.15 }),
  /** Deals out the sequences by k-fold instead of shares: one fold for testing, the next for validation. */
  folds: z
    .strictObject({ folds: z.int().min(3).max(100), fold: positive })
    .refine(({ folds, fold }) => fold <= folds, 'there is no such fold')
    .optional(),
  /** What happens to a sequence with missing values (NaN). */
  missing: z.enum(MISSING_RULES).default('skip'),
  /** What happens to a sequence that the data hold already under another id. */
  duplicates: z.enum(['drop', 'keep']).default('drop'),
  /** Leaves out sequences with a larger value: a model trained without that value has no symbol for it. */
  largestValue: z.number().optional(),
  caps: z
    .strictObject({ perClass: positive.optional(), perGroup: positive.optional() })
    .prefault({}),
  seed: z.int().min(0).max(0xffffffff).default(0),
  /** For people: the origin of the data. */
  provenance: z.record(z.string(), z.unknown()).default({}),
});

/** What a caller gives. */
export type BuildOptions = z.input<typeof buildOptions> & {
  readonly onProgress?: (progress: ImportProgress) => void;
};
/** The options with every default filled in. */
export type ResolvedOptions = z.output<typeof buildOptions>;

/** How far an import has come. */
export interface ImportProgress {
  readonly stage: 'reading' | 'writing';
  /** Records read or written so far. */
  readonly done: number;
  /** Records to write; unknown while reading. */
  readonly total?: number;
  /** Share of the source's bytes that were read, where the bytes are known. */
  readonly share?: number;
}

/**
 * Checks the options and fills in the defaults.
 * @throws LockstepError USAGE, which names the option
 */
export function resolveOptions(given: Omit<BuildOptions, 'onProgress'>): ResolvedOptions {
  const parsed = buildOptions.safeParse(given);
  if (parsed.success) {
    refuseGapsOfIntegers(parsed.data);
    return parsed.data;
  }
  const issue = parsed.error.issues[0]!;
  throw new LockstepError(
    'USAGE',
    `Cannot import: option ${issue.path.join('.') || 'root'}: ${issue.message}.`,
    'Correct the option.',
    { cause: parsed.error },
  );
}

/** An integer has no NaN. */
function refuseGapsOfIntegers({ missing, valueType }: ResolvedOptions): void {
  if (valueType === 'float32' || valueType === 'auto' || missing !== 'mask') return;
  throw new LockstepError(
    'USAGE',
    `Cannot keep missing values of type ${valueType}: only real values can be missing.`,
    'Import them as float32 (--value-type float32), or leave out sequences with missing values (--missing skip).',
  );
}
