/** The options of `buildStore`, checked once. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';

const share = z.number().min(0).max(1);
const positive = z.int().min(1);

const buildOptions = z.strictObject({
  /** Folder of the store. */
  target: z.string().min(1),
  name: z.string().min(1),
  valueType: z.enum(['uint8', 'uint16', 'float32']),
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
  /** Names in the order of their labels; absent: all that occur, sorted (numbers by value). */
  classes: z.array(z.string()).optional(),
  shares: z
    .strictObject({ train: share, validation: share, test: share })
    .refine(
      ({ train, validation, test }) => Math.abs(train + validation + test - 1) < 1e-6,
      'the three shares do not add up to 1',
    )
    .default({ train: 0.7, validation: 0.15, test: 0.15 }),
  /** What happens to a sequence that is there already under another id. */
  duplicates: z.enum(['drop', 'keep']).default('drop'),
  /** Sequences with a larger value are left out: a model that was trained without it has no symbol for it. */
  largestValue: z.number().optional(),
  caps: z
    .strictObject({ perClass: positive.optional(), perGroup: positive.optional() })
    .prefault({}),
  seed: z.int().min(0).max(0xffffffff).default(0),
  /** For people: where the data come from. */
  provenance: z.record(z.string(), z.unknown()).default({}),
});

export type BuildOptions = z.input<typeof buildOptions> & {
  readonly onProgress?: (progress: ImportProgress) => void;
};
export type ResolvedOptions = z.output<typeof buildOptions>;

export interface ImportProgress {
  readonly stage: 'reading' | 'writing';
  /** Records read, or written. */
  readonly done: number;
  /** Records to write; unknown while reading. */
  readonly total?: number;
}

/** @throws LockstepError USAGE naming the option. */
export function resolveOptions(given: Omit<BuildOptions, 'onProgress'>): ResolvedOptions {
  const parsed = buildOptions.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new LockstepError(
    'USAGE',
    `Cannot import: option ${issue.path.join('.') || 'root'}: ${issue.message}.`,
    'Correct the option.',
    { cause: parsed.error },
  );
}
