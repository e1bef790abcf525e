import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { layerTable } from '../../../src/cli/layer-table.ts';
import { commandLine } from '../../../src/core/program-name.ts';
import { makeStateLayout } from '../../../src/engine/layout.ts';
import { exitLine } from '../../../src/launch/exit.ts';
import { refuseNonFiniteModel } from '../../../src/workflow/train/non-finite-model.ts';

const layout = makeStateLayout(
  [
    { name: 'encoder.weight', shape: [2, 3, 1] },
    { name: 'encoder.bias', shape: [2] },
    { name: 'model.0.m.0.weight', shape: [2, 2, 3] },
  ],
  [],
);
const range = (layer: string, nonFinite = 0) => ({
  layer,
  shape: [1, 10, 2],
  minimum: -1.5,
  maximum: 2,
  nonFinite,
});

describe('layerTable()', () => {
  it('has a row for each layer: shape, its own parameters, range', () => {
    assert.equal(
      layerTable([range('encoder'), range('model.0', 3)], layout),
      [
        'layer        output  parameters   activations',
        'encoder  1 × 10 × 2           8      -1.5 … 2',
        'model.0  1 × 10 × 2              3 not finite',
      ].join('\n'),
    );
  });
});

describe('refuseNonFiniteModel()', () => {
  const parameters = new Float32Array(layout.parameterCount);

  it('passes what is finite', () => {
    refuseNonFiniteModel(parameters, layout, [range('encoder')]);
  });

  it('names the parameter and the first layer that shows it', () => {
    const poisoned = parameters.slice();
    poisoned[9] = Number.NaN;
    poisoned[12] = Number.POSITIVE_INFINITY;
    assert.throws(
      () => refuseNonFiniteModel(poisoned, layout, [range('encoder'), range('model.0.m.0', 4)]),
      {
        code: 'NON_FINITE',
        message:
          'Parameter "model.0.m.0.weight" holds 2 of 12 values that are not finite; "model.0.m.0" is the first layer that shows it.',
      },
    );
  });

  it('names the layer alone when the parameters are finite', () => {
    assert.throws(() => refuseNonFiniteModel(parameters, layout, [range('encoder', 1)]), {
      message: 'All parameters are finite, but the activations of layer "encoder" are not.',
    });
  });
});

describe('exitLine()', () => {
  it('says how to go on only where there is something to go on with', () => {
    const line = { code: 7, reason: 'Lost rank 1.', runFolder: 'runs/a' };
    assert.equal(
      exitLine({ ...line, lastCheckpoint: 'runs/a/checkpoints/step-00000004' }),
      `EXIT code=7 reason="Lost rank 1." last_checkpoint="runs/a/checkpoints/step-00000004" resume="${commandLine('resume', 'runs/a')}"`,
    );
    assert.equal(exitLine({ ...line, lastCheckpoint: null }), 'EXIT code=7 reason="Lost rank 1."');
  });

  it('says on which host the checkpoint is where this one does not see it, and nothing to type here', () => {
    assert.equal(
      exitLine({ code: 75, reason: 'x', runFolder: 'a', lastCheckpoint: 'a/b', onHost: 'h1' }),
      'EXIT code=75 reason="x" last_checkpoint="a/b" on_host="h1"',
    );
  });
});
