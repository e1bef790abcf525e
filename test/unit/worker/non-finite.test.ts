import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MicroBatch, Session } from '../../../src/engine/engine.ts';
import { refuseNonFinite } from '../../../src/worker/non-finite.ts';
import { defineRun } from '../../../src/worker/run-definition.ts';
import { tinyRun, tinyStore } from './tiny-run.ts';

const { program } = defineRun(tinyRun(), tinyStore()).phases[0]!;
const { leaf, state } = program;
const batch = { sequences: Int32Array.from({ length: 10 }, (_, row) => row + 3) } as MicroBatch;

/** What is said of a leaf with this value at this position; layers that aren't finite, in order. */
function sayingOf(position: number, value = Number.NaN, layers: readonly string[] = []): string {
  const vector = new Float32Array(leaf.size);
  vector[position] = value;
  const all = ['encoder', 'model.0.m.0', 'model.0.m.1'];
  const inspect: Session['inspect'] = () =>
    all.map((layer) => ({
      layer,
      shape: [],
      minimum: 0,
      maximum: 0,
      nonFinite: layers.includes(layer) ? 2 : 0,
    }));
  const session = { inspect } as Session;
  const place = { program, session, batch, globalStep: 7, microBatch: 2 };
  try {
    refuseNonFinite(vector, place);
  } catch (thrown) {
    assert.equal((thrown as { code: string }).code, 'NON_FINITE');
    return (thrown as Error).message;
  }
  return 'nothing';
}

describe('refuseNonFinite()', () => {
  it('passes a leaf of finite numbers', () => {
    assert.equal(sayingOf(0, 3.4e38), 'nothing');
  });

  it('names step, micro-batch, sequences and the first layer that is not finite', () => {
    assert.equal(
      sayingOf(0, Number.NaN, ['model.0.m.0', 'model.0.m.1']),
      'The gradient of "encoder.weight" is NaN in step 7, micro-batch 2 (sequences 3, 4, 5, 6, 7, 8, 9, 10, …); "model.0.m.0" is the first layer whose activations are not finite.',
    );
  });

  it('says so when every activation is finite', () => {
    assert.match(
      sayingOf(0, Number.NEGATIVE_INFINITY),
      /is -Infinity .*; all activations are finite\.$/,
    );
  });

  it('names the gradient, sum or statistic at every position of a leaf', () => {
    for (const { name, offset, size } of state.parameters) {
      for (const position of [offset, offset + size - 1]) {
        assert.ok(sayingOf(position).startsWith(`The gradient of "${name}" is NaN`), name);
      }
    }
    for (const [index, name] of leaf.sums.entries()) {
      assert.ok(sayingOf(leaf.sumOffset + index).startsWith(`The sum "${name}" is NaN`), name);
    }
    for (const { name, offset, channels } of leaf.normLayers) {
      for (const position of [offset, offset + 2 * channels]) {
        assert.ok(sayingOf(position).startsWith(`A batch statistic of "${name}" is NaN`), name);
      }
    }
  });
});
