/** What synthetic sequences follow from. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';

const syntheticOptions = z
  .strictObject({
    /** Number of sequences. */
    count: z.int().min(1),
    seed: z.int().min(0).max(0xffffffff).default(0),
    /** Number of symbols K: 0 … K − 1. */
    symbols: z.int().min(2).max(65_536).default(41),
    /** Sequence i has class i modulo this. */
    classes: z.int().min(1).default(4),
    /** Lengths are log-uniform in [minimum, maximum]. */
    length: z
      .strictObject({ minimum: z.int().min(1), maximum: z.int().min(1) })
      .refine(({ minimum, maximum }) => minimum <= maximum, 'minimum is above maximum')
      .default({ minimum: 512, maximum: 30_720 }),
    /** All classes have the same uniform histogram and differ by the order of symbols only. */
    orderOnly: z.boolean().default(false),
    /** Each timestep follows from the one `lag` timesteps before it: `lag` chains of a class, interleaved. */
    lag: z.int().min(1).max(65_536).default(1),
    /**
     * One distance a class: its sequences repeat what was so many timesteps before, at a share of their timesteps. The
     * others follow one chain that all classes have, so nothing but the distance tells the classes apart.
     */
    echoes: z.array(z.int().min(1).max(65_536)).default([]),
    /** Share of the timesteps that repeat. */
    echoShare: z.number().min(0).max(1).default(0.3),
    /** `symbols`: the integers; `real`: spread over [−1, 1], with noise. */
    output: z.enum(['symbols', 'real']).default('symbols'),
    /** Standard deviation of the Gaussian noise on real values. */
    noise: z.number().min(0).default(0.05),
    /** Share of sequences that lose their label. */
    unlabelledShare: z.number().min(0).max(1).default(0),
    /** Sequences of one class in a group. */
    sequencesPerGroup: z.int().min(1).default(1),
  })
  .refine(({ echoes, classes }) => echoes.length === 0 || echoes.length === classes, {
    path: ['echoes'],
    error: 'there must be as many distances as classes',
  })
  .readonly();

/** What the sequences follow from. */
export type SyntheticOptions = z.input<typeof syntheticOptions>;
export type ResolvedSynthetic = z.output<typeof syntheticOptions>;

/** With the defaults. @throws LockstepError USAGE */
export function resolveSynthetic(options: SyntheticOptions): ResolvedSynthetic {
  const parsed = syntheticOptions.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const message = `Cannot synthesize: option ${issue.path.join('.') || 'root'}: ${issue.message}.`;
  throw new LockstepError('USAGE', message, 'Correct the option.', { cause: parsed.error });
}
