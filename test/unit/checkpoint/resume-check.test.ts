import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { CheckpointManifest } from '../../../src/checkpoint/manifest.ts';
import {
  checkResume,
  compareConfigs,
  compareFingerprints,
} from '../../../src/checkpoint/resume-check.ts';
import { CONFIG, FINGERPRINT } from './sample.ts';

const here = { config: CONFIG, dataHash: 'd'.repeat(64), fingerprint: FINGERPRINT };
const checkpoint = {
  path: 'runs/a/checkpoints/step-00000010',
  manifest: { ...here } as unknown as CheckpointManifest,
};

it('says nothing where nothing differs', () => {
  assert.deepEqual(compareFingerprints(FINGERPRINT, { ...FINGERPRINT }), []);
  assert.deepEqual(compareConfigs(CONFIG, structuredClone(CONFIG)), []);
  assert.deepEqual(checkResume(checkpoint, here), []);
});

it('warns when other numerics go on with the run', () => {
  const fingerprint = { ...FINGERPRINT, instructionSet: 'avx512', threadsPerWorker: 2 };
  assert.deepEqual(checkResume(checkpoint, { ...here, fingerprint }), [
    "Equal bits are no longer promised: the checkpoint differs in the CPU's instruction set " +
      '("avx2" there, "avx512" here).',
    'Equal bits are no longer promised: the checkpoint differs in the threads per worker ' +
      '(1 there, 2 here).',
  ]);
});

it('sorts differences of configurations by what they concern', () => {
  const changed = structuredClone(CONFIG);
  changed.data.store = 'elsewhere';
  changed.engine.threadsPerWorker = 2;
  changed.phases[0]!.duration = { epochs: 2 };
  assert.deepEqual(
    compareConfigs(CONFIG, changed).map(({ concerns, sentence }) => [concerns, sentence]),
    [
      ['free', 'data.store was "data/sample", here it is "elsewhere"'],
      ['numerics', 'engine.threadsPerWorker was 1, here it is 2'],
      ['run', 'phases.0.duration.steps was 100, here it is not set'],
      ['run', 'phases.0.duration.epochs was not set, here it is 2'],
    ],
  );
});

it('refuses other data and another model, with every reason', () => {
  const config = { ...CONFIG, model: { ...CONFIG.model, channels: 8 } };
  assert.throws(() => checkResume(checkpoint, { ...here, config, dataHash: 'e'.repeat(64) }), {
    code: 'CHECKPOINT_MISMATCH',
    message:
      'Cannot go on from "runs/a/checkpoints/step-00000010": the data had content hash ' +
      'dddddddddddd…, here it has eeeeeeeeeeee…; model.channels was 4, here it is 8.',
  });
});
