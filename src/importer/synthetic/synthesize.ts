/**
 * Makes sequences with known properties: one Markov chain for each class. Sequence i follows from (options,
 * seed, i), not from the number of sequences.
 */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { type RandomStream, randomStream } from '../../core/random.ts';
import type { RawRecord } from '../../data/record.ts';
import {
  type CumulativeTransitions,
  cumulative,
  doublyStochasticTransitions,
  freeTransitions,
  nextSymbol,
} from './markov.ts';

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
type Resolved = z.output<typeof syntheticOptions>;

/** First key of a random stream: its purpose. The second key is the class or the sequence. */
const STREAM = { transitions: 0, sequence: 1, noise: 2, echo: 3 } as const;
/** Positions in a sequence's random stream; the draws of its symbols follow. */
const POSITION = { length: 0, unlabelled: 1, symbols: 2 } as const;

/**
 * Yields all sequences.
 * @throws LockstepError USAGE, which names the bad option
 */
export async function* synthesize(options: SyntheticOptions): AsyncGenerator<RawRecord> {
  const makeRecord = syntheticSource(options);
  for (let i = 0; i < options.count; i++) yield makeRecord(i);
}

/** Random access to the sequences that `synthesize` yields. */
export function syntheticSource(options: SyntheticOptions): (i: number) => RawRecord {
  const resolved = resolve(options);
  const chains = Array.from({ length: resolved.classes }, (_, label) =>
    chainOf(resolved, resolved.echoes.length > 0 ? 0 : label),
  );
  return (i) => recordOf(resolved, chains, i);
}

function resolve(options: SyntheticOptions): Resolved {
  const parsed = syntheticOptions.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const message = `Cannot synthesize: option ${issue.path.join('.') || 'root'}: ${issue.message}.`;
  throw new LockstepError('USAGE', message, 'Correct the option.', { cause: parsed.error });
}

function chainOf({ seed, symbols, orderOnly }: Resolved, label: number): CumulativeTransitions {
  const stream = randomStream(seed, 'synthetic', STREAM.transitions, label);
  const draw = orderOnly ? doublyStochasticTransitions : freeTransitions;
  return cumulative(draw(stream, symbols), symbols);
}

function recordOf(
  options: Resolved,
  chains: readonly CumulativeTransitions[],
  i: number,
): RawRecord {
  const { seed, classes, sequencesPerGroup } = options;
  const stream = randomStream(seed, 'synthetic', STREAM.sequence, i);
  const label = i % classes;
  const symbols = walk(chains[label]!, options, stream, echoOf(options, label, i));
  const unlabelled = stream.uniform(POSITION.unlabelled) < options.unlabelledShare;
  const groupNumber = Math.floor(Math.floor(i / classes) / sequencesPerGroup) * classes + label;
  return {
    id: `synthetic-${String(i).padStart(9, '0')}`,
    group: `group-${String(groupNumber).padStart(9, '0')}`,
    label: unlabelled ? undefined : `class-${label}`,
    values: options.output === 'symbols' ? symbols : realValues(options, symbols, i),
  };
}

function lengthOf({ length: { minimum, maximum } }: Resolved, stream: RandomStream): number {
  const draw = stream.uniform(POSITION.length);
  return Math.min(maximum, Math.floor(minimum * ((maximum + 1) / minimum) ** draw));
}

/** How far before it a timestep finds what it repeats; 0 where it repeats nothing. */
function echoOf(
  { seed, echoes, echoShare }: Resolved,
  label: number,
  i: number,
): (t: number) => number {
  const distance = echoes[label];
  if (distance === undefined) return () => 0;
  const stream = randomStream(seed, 'synthetic', STREAM.echo, i);
  return (t) => (t >= distance && stream.uniform(t) < echoShare ? distance : 0);
}

/** The first `lag` timesteps are uniform. */
function walk(
  chain: CumulativeTransitions,
  options: Resolved,
  stream: RandomStream,
  echo: (t: number) => number,
): Uint16Array {
  const { symbols, lag } = options;
  const sequence = new Uint16Array(lengthOf(options, stream));
  for (let t = 0; t < sequence.length; t++) {
    const position = POSITION.symbols + t;
    const distance = echo(t);
    if (distance > 0) {
      sequence[t] = sequence[t - distance]!;
      continue;
    }
    sequence[t] =
      t < lag
        ? stream.integer(position, symbols)
        : nextSymbol(chain, symbols, sequence[t - lag]!, stream.uniform(position));
  }
  return sequence;
}

/** Symbols spread evenly over [−1, 1] plus Gaussian noise (Box–Muller). */
function realValues(
  { seed, symbols, noise }: Resolved,
  sequence: Uint16Array,
  i: number,
): Float32Array {
  const stream = randomStream(seed, 'synthetic', STREAM.noise, i);
  return Float32Array.from(sequence, (symbol, t) => {
    const radius = Math.sqrt(-2 * Math.log(1 - stream.uniform(2 * t)));
    const gaussian = radius * Math.cos(2 * Math.PI * stream.uniform(2 * t + 1));
    return (2 * symbol) / (symbols - 1) - 1 + noise * gaussian;
  });
}
