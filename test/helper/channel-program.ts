/** Programs on several channels: symbols, and numbers with scaling and missing values. */
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig } from '../../src/config/phase-section.ts';
import { randomStream } from '../../src/core/random.ts';
import type { PaddedRows } from '../../src/data/collate.ts';
import type { PhaseFacts } from '../../src/data/facts.ts';
import type { ChannelStatistics } from '../../src/data/scaling/channel-statistics.ts';
import type { ScalingKind } from '../../src/data/scaling/scaling.ts';
import { microBatchOf } from '../../src/nn/objective/objective.ts';
import { factsOf, trained } from './nn.ts';
import type { StepProgram } from './step-program.ts';

export const CHANNELS = 3;
const SYMBOLS = 5;

/** A channel whose training values are standardised. */
export const STANDARD: ChannelStatistics = {
  mean: 0,
  deviation: 1,
  median: 0,
  quartileRange: 1.349,
  level: { mean: 0, deviation: 1 },
  logDeviation: { mean: 0, deviation: 1 },
  minimum: -4,
  maximum: 4,
  missing: 0,
};

/** Facts of several channels: of integers, or of numbers that are scaled in the given way, some of them missing. */
export function channelFacts(kind: ScalingKind | 'symbols'): PhaseFacts {
  const channels = Array.from({ length: CHANNELS }, () => STANDARD);
  const isSymbols = kind === 'symbols';
  return {
    ...factsOf({ symbols: SYMBOLS }),
    channels: CHANNELS,
    scaling: { kind: isSymbols ? 'none' : kind, hasMissing: !isSymbols, channels },
    ...(!isSymbols && { symbols: 0, symbolCounts: [], valueRange: { minimum: -4, maximum: 4 } }),
  };
}

/** Made-up rows, every ninth number missing. */
export function channelRows(
  lengths: readonly number[],
  paddedLength: number,
  isReal: boolean,
): PaddedRows {
  const rows = lengths.length;
  const width = paddedLength * CHANNELS;
  const values = isReal ? new Float32Array(rows * width) : new Int32Array(rows * width);
  for (const [row, length] of lengths.entries()) {
    const stream = randomStream(6, 'synthetic', row);
    for (let place = 0; place < length * CHANNELS; place++) {
      const number = place % 9 === 4 ? Number.NaN : 3 * stream.uniform(place) - 1;
      values[row * width + place] = isReal ? number : stream.integer(place, SYMBOLS);
    }
  }
  const sequences = Int32Array.from({ length: rows }, (_, row) => row);
  return {
    ...{ rows, paddedLength, channels: CHANNELS, values, sequences, epoch: 0 },
    lengths: Int32Array.from(lengths),
    labels: sequences.map((row) => row % 3),
    starts: new Int32Array(rows),
  };
}

export function channelProgram(
  model: ModelConfig,
  objective: ObjectiveConfig,
  kind: ScalingKind | 'symbols',
): StepProgram {
  const facts = channelFacts(kind);
  const made = trained({ model, objective }, facts, 5);
  return {
    program: made.program,
    start: made.start(1),
    microBatch: (lengths, paddedLength) =>
      microBatchOf(
        made.objective,
        channelRows(lengths, paddedLength, kind !== 'symbols'),
        facts.scaling,
      ),
  };
}
