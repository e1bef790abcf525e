/** A run of two phases over an index of 24 sequences, without any file. */

import type { RunConfig } from '../../../src/config/run-config.ts';
import type { StoreFacts } from '../../../src/data/facts.ts';
import { SPLITS, type Split } from '../../../src/data/format/store.ts';
import type { ChannelStatistics } from '../../../src/data/scaling/channel-statistics.ts';
import { parseRunConfig } from '../../../src/run/config.ts';

export function tinyRun(...overrides: string[]): RunConfig {
  const text = `
name: tiny
seed: 5
data: { store: nowhere }
model: { family: dilated, channels: 4, dilations: [1] }
batch: { microBatches: 3, tokensPerMicroBatch: 60 }
phases:
  - name: pretrain
    start: fresh
    objective: { kind: masked }
    optimizer: { kind: adamw }
    learningRate: { kind: constant, value: 0.01 }
    duration: { epochs: 2 }
    evaluation: { everySteps: 1000 }
  - name: finetune
    start: previous
    objective: { kind: supervised }
    optimizer: { kind: sgd }
    learningRate: { kind: constant, value: 0.01 }
    duration: { steps: 5 }
    evaluation: { everySteps: 3, keep: best }
`;
  return parseRunConfig(text, 'tiny', overrides);
}

const STATISTICS: ChannelStatistics = {
  mean: 1,
  deviation: 1,
  median: 1,
  quartileRange: 1,
  level: { mean: 1, deviation: 0.1 },
  logDeviation: { mean: 0, deviation: 0.1 },
  minimum: 0,
  maximum: 4,
  missing: 0,
};

export function tinyStore(): StoreFacts {
  const lengths = Int32Array.from({ length: 24 }, (_, sequence) => 10 + sequence);
  const split = (sequence: number): Split => (sequence % 4 === 3 ? 'validation' : 'train');
  const splits = Uint8Array.from(lengths.keys(), (sequence) => SPLITS.indexOf(split(sequence)));
  const labels = Int32Array.from(lengths.keys(), (sequence) => sequence % 2);
  const counts = { sequences: 0, tokens: 0, perClass: [] };
  return {
    index: { lengths, labels, splits },
    manifest: {
      formatVersion: 2,
      name: 'tiny',
      valueType: 'uint8',
      channels: 1,
      target: { kind: 'class' },
      channelStatistics: [STATISTICS],
      classes: ['even', 'odd'],
      valueRange: { minimum: 0, maximum: 4 },
      symbolCounts: [3, 9, 1, 1, 1],
      transitionCounts: [],
      meanValue: 1,
      sequences: 24,
      tokens: 0,
      length: { minimum: 10, maximum: 33 },
      splits: { train: counts, validation: counts, test: counts },
      folder: 'version-1',
      shards: [{ file: 'sequences-00000.arrow', start: 0, end: 24 }],
      files: {},
      contentHash: 'd'.repeat(64),
      provenance: {},
    },
  };
}
