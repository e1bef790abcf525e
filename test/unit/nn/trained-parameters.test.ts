import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linearParameters } from '../../../src/nn/layer/parameters.ts';
import { trainedParameters } from '../../../src/nn/trained-parameters.ts';

const model = {
  channels: 4,
  parameters: linearParameters('encoder', { out: 4, in: 1 }),
};
const phase = (name: string, head: string, out: number) => ({
  name,
  objective: {
    head: (channels: number) => linearParameters(head, { out, in: channels }),
  },
});

describe('what a run trains', () => {
  it("is the model's parameters and each head once, in the order of their names", () => {
    const [a, b] = [phase('a', 'pretext', 3), phase('b', 'decoder', 2)];
    const names = (...phases: (typeof a)[]) =>
      trainedParameters(model, phases).map(({ name }) => name);
    const expected = ['encoder', 'decoder', 'pretext'].flatMap((layer) => [
      `${layer}.weight`,
      `${layer}.bias`,
    ]);
    assert.deepEqual(names(a, b), expected);
    assert.deepEqual(names(b, a, phase('c', 'pretext', 3)), expected);
  });

  it('is refused when two phases want one head in two shapes, naming both', () => {
    assert.throws(() => trainedParameters(model, [phase('a', 'out', 3), phase('b', 'out', 2)]), {
      code: 'CONFIG_INVALID',
      message:
        'Phases "a" and "b" share the parameter "out.weight", but want it as 3 × 4 and 2 × 4 numbers: a run has one.',
    });
  });

  it('is refused when a head has the name of a part of the model', () => {
    assert.throws(() => trainedParameters(model, [phase('a', 'encoder', 3)]), {
      code: 'EXTENSION_INVALID',
      message: 'Phase "a": the model with its head describes the parameter "encoder.weight" twice.',
    });
  });
});
