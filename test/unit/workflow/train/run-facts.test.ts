import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { encodeSafetensors, floatTensor } from '../../../../src/checkpoint/safetensors.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import { readNewRun, readRunFacts } from '../../../../src/workflow/train/run-facts.ts';
import { tinyRun, tinyStore } from '../../worker/tiny-run.ts';

const SYNTHETIC = '{ count: 24, classes: 2, symbols: 5, length: { minimum: 8, maximum: 16 } }';

describe('a new run with model.initialWeights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'run-facts-'));
  after(() => rmSync(folder, { recursive: true }));
  const hooks = { onEvent: () => {} };
  const file = join(folder, 'weights.safetensors');
  const config = tinyRun(
    `data={ store: ${join(folder, 'data')}, synthetic: ${SYNTHETIC} }`,
    `model.initialWeights=${file}`,
  );
  const [first] = defineRun(tinyRun(), tinyStore()).layout.parameters;
  const give = (shape: readonly number[]) => {
    const floats = new Float32Array(shape.reduce((size, one) => size * one, 1));
    const tensors = [
      floatTensor(first!.name, shape, floats),
      floatTensor('contrastive.pretext.bias', [3], new Float32Array(3)),
    ];
    writeFileSync(file, Buffer.concat(encodeSafetensors(tensors)));
  };

  it('takes an encoder that was trained by another pretext, without its head', async () => {
    give(first!.shape);
    assert.ok((await readNewRun(config, hooks)).facts.totalSteps > 0);
  });

  it('refuses weights of another shape before anything is written', async () => {
    give([1, ...first!.shape]);
    await assert.rejects(readNewRun(config, hooks), { code: 'CHECKPOINT_MISMATCH' });
  });

  it('does not read them again once it has begun', async () => {
    rmSync(file);
    assert.ok((await readRunFacts(config, hooks)).totalSteps > 0);
    await assert.rejects(readNewRun(config, hooks), { code: 'CHECKPOINT_NOT_FOUND' });
  });
});

it('a run says what each of its phases is judged by', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'run-facts-'));
  const data = `data={ store: ${join(folder, 'data')}, synthetic: ${SYNTHETIC} }`;
  const judged = async (...set: string[]) =>
    (await readRunFacts(tinyRun(data, ...set), { onEvent: () => {} })).headlines.map(
      ({ metric }) => metric,
    );
  try {
    const [, own] = await judged();
    assert.equal(own, 'accuracy');
    assert.equal((await judged('phases.finetune.evaluation.by=loss'))[1], 'loss');
    const probed = 'phases.pretrain.evaluation={ everySteps: 2, probe: {} }';
    assert.equal((await judged(probed))[0], 'probe');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
