/**
 * Makes sequences with known properties: one Markov chain for each class. Sequence i follows from (options,
 * seed, i), not from the number of sequences.
 */
import { type RandomStream, randomStream } from '../../core/random.ts';
import type { RawRecord } from '../../data/record.ts';
import {
  type CumulativeTransitions,
  cumulative,
  doublyStochasticTransitions,
  freeTransitions,
  nextSymbol,
} from './markov.ts';
import {
  type ResolvedSynthetic,
  resolveSynthetic,
  type SyntheticOptions,
} from './synthetic-options.ts';

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
  const resolved = resolveSynthetic(options);
  const chains = Array.from({ length: resolved.classes }, (_, label) =>
    chainOf(resolved, resolved.echoes.length > 0 ? 0 : label),
  );
  return (i) => recordOf(resolved, chains, i);
}

function chainOf(
  { seed, symbols, orderOnly }: ResolvedSynthetic,
  label: number,
): CumulativeTransitions {
  const stream = randomStream(seed, 'synthetic', STREAM.transitions, label);
  const draw = orderOnly ? doublyStochasticTransitions : freeTransitions;
  return cumulative(draw(stream, symbols), symbols);
}

function recordOf(
  options: ResolvedSynthetic,
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

function lengthOf(
  { length: { minimum, maximum } }: ResolvedSynthetic,
  stream: RandomStream,
): number {
  const draw = stream.uniform(POSITION.length);
  return Math.min(maximum, Math.floor(minimum * ((maximum + 1) / minimum) ** draw));
}

/** How far before it a timestep finds what it repeats; 0 where it repeats nothing. */
function echoOf(
  { seed, echoes, echoShare }: ResolvedSynthetic,
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
  options: ResolvedSynthetic,
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
  { seed, symbols, noise }: ResolvedSynthetic,
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
