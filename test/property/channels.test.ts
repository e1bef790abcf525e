/** Several channels, symbols or scaled numbers, some of them missing: padding never shows, and what is missing neither. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelConfig } from '../../src/config/model-section.ts';
import type { ObjectiveConfig } from '../../src/config/phase-section.ts';
import type { ScalingKind } from '../../src/data/scaling/scaling.ts';
import { CHANNELS, channelProgram } from '../helper/channel-program.ts';
import { testEngine } from '../helper/engine.ts';
import { assertClose } from '../parity/close.ts';

const dilated = { family: 'dilated', channels: 6, dilations: [1, 4], kernel: 3, maskValue: -1 };
const numbers: ModelConfig = { ...dilated, input: 'value' };
const symbols: ModelConfig = { ...dilated, input: 'embedding' };
const reference: ModelConfig = { family: 'reference', channels: 6, maskValue: -1 };
const masked = { kind: 'masked', fraction: 0.3, span: 2 };

const CASES: readonly [string, ModelConfig, ObjectiveConfig, ScalingKind | 'symbols'][] = [
  ['numbers, classes', numbers, { kind: 'supervised', classWeights: 'none' }, 'sequence'],
  [
    'numbers, masked together',
    numbers,
    { ...masked, target: 'regression', channels: 'together' },
    'sequence',
  ],
  [
    'numbers, each channel masked by itself',
    reference,
    { ...masked, target: 'regression', channels: 'each' },
    'sequence',
  ],
  [
    'numbers, next value',
    { ...numbers, family: 'causal' },
    { kind: 'next-step', target: 'regression' },
    'dataset',
  ],
  [
    'numbers, contrastive',
    numbers,
    { kind: 'contrastive', temperature: 0.2, dimensions: 6 },
    'sequence',
  ],
  [
    'symbols, each channel masked by itself',
    symbols,
    { ...masked, target: 'classification', channels: 'each' },
    'symbols',
  ],
  [
    'symbols, next symbol',
    { ...symbols, family: 'causal' },
    { kind: 'next-step', target: 'classification' },
    'symbols',
  ],
];

describe(`on ${CHANNELS} channels`, () => {
  for (const [name, model, objective, kind] of CASES) {
    it(`${name}: padding never shows`, () => {
      const { program, start, microBatch } = channelProgram(model, objective, kind);
      const session = testEngine.session(program);
      session.load(start);
      const [tight, wide] = [60, 83].map((length) => microBatch([41, 52, 60], length));
      assert.deepEqual(tight!.hostSums, wide!.hostSums);
      const weight = tight!.hostSums.weight!;
      assert.ok(weight > 0);
      const [gradient, padded] = [tight!, wide!].map((batch) =>
        session
          .gradients(batch)
          .subarray(0, program.leaf.sumOffset + 1)
          .map((value) => value / weight),
      );
      assert.ok(gradient!.every(Number.isFinite));
      assertClose(padded!, gradient!, 1e-5, 'gradient and loss');
      session.dispose();
    });
  }
});
