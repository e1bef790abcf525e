import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MicroBatch, Session } from '../../../../src/engine/engine.ts';
import { defineRun } from '../../../../src/run/definition.ts';
import {
  findNonFinite,
  nonFiniteLeaf,
  nonFiniteSum,
  tooManySkipped,
} from '../../../../src/worker/training/non-finite.ts';
import { tinyRun, tinyStore } from '../tiny-run.ts';

const { program } = defineRun(tinyRun(), tinyStore()).phases[0]!;
const { leaf, state } = program;
const batch = { sequences: Int32Array.from({ length: 10 }, (_, row) => row + 3) } as MicroBatch;

/** What is found of a leaf with this value at this position; layers that aren't finite, in order. */
function foundAt(position: number, value = Number.NaN, layers: readonly string[] = []) {
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
  return findNonFinite(vector, { program, session, batch, rank: 1, globalStep: 7, microBatch: 2 });
}

const sayingOf = (...args: Parameters<typeof foundAt>): string =>
  foundAt(...args)?.text ?? 'nothing';

describe('findNonFinite()', () => {
  it('passes a leaf of finite numbers', () => {
    assert.equal(sayingOf(0, 3.4e38), 'nothing');
  });

  it('names step, micro-batch, sequences and the first layer that is not finite', () => {
    assert.equal(
      sayingOf(0, Number.NaN, ['model.0.m.0', 'model.0.m.1']),
      'The gradient of "encoder.weight" is NaN in step 7, micro-batch 2 (sequences 3, 4, 5, 6, 7, 8, 9, 10, …); "model.0.m.0" is the first layer whose activations are not finite',
    );
  });

  it('reports rank, micro-batch, sequences and layer', () => {
    const { text: _, ...where } = foundAt(0, Number.NaN, ['model.0.m.1'])!;
    const sequences = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    assert.deepEqual(where, { rank: 1, microBatch: 2, sequences, layer: 'model.0.m.1' });
    assert.equal(foundAt(0)?.layer, null);
  });

  it('says so when every activation is finite', () => {
    assert.match(
      sayingOf(0, Number.NEGATIVE_INFINITY),
      /is -Infinity .*; all activations are finite$/,
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

describe('a run ends with NON_FINITE', () => {
  it('by a micro-batch', () => {
    const { code, message } = nonFiniteLeaf(foundAt(0)!);
    assert.equal(code, 'NON_FINITE');
    assert.match(message, /^The gradient of "encoder\.weight" is NaN in step 7, .*are finite\.$/);
  });

  it('by the sum of finite micro-batches', () => {
    const total = new Float32Array(leaf.size);
    total[leaf.sumOffset] = Number.POSITIVE_INFINITY;
    const { code, message } = nonFiniteSum(total, leaf.sumOffset, { program, globalStep: 7 });
    assert.equal(code, 'NON_FINITE');
    assert.equal(
      message,
      'The sum "loss" is Infinity in the sum over step 7, although it is finite in every micro-batch.',
    );
  });

  it('by too many skipped steps, with what this rank knows of the last one', () => {
    const place = { limit: 2, skipped: 3, globalStep: 7 };
    const { code, message } = tooManySkipped(place, [foundAt(0)!]);
    assert.equal(code, 'NON_FINITE');
    const start =
      'The gradients of 3 steps in a row, 5 to 7, are not finite: nonFinite.limit is 2.';
    assert.ok(message.startsWith(`${start} The gradient of "encoder.weight" is NaN in step 7,`));
    assert.equal(tooManySkipped(place, []).message, start);
  });
});
