import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  flips,
  parseFault,
  poisons,
  withFlippedBit,
} from '../../../../src/worker/training/simulated-fault.ts';

describe('parseFault()', () => {
  it('takes a fault, its rank and its step, and its own settings', () => {
    assert.deepEqual(parseFault('kill@rank=1,step=20'), {
      ...{ kind: 'kill', rank: 1, step: 20, seconds: null, ms: 500 },
    });
    assert.equal(parseFault('stop@step=3,rank=0,seconds=1.5').seconds, 1.5);
    assert.equal(parseFault('slow@rank=0,step=3,ms=20').ms, 20);
  });

  for (const [text, why] of [
    ['explode@rank=1,step=2', 'the fault "explode" is none of them'],
    ['kill', 'rank and step must be whole numbers from 0'],
    ['hang@rank=1,step=2,ms=3', '"ms" is no setting of hang'],
    ['kill@rank=1', 'rank and step must be whole numbers from 0'],
    ['kill@rank=1,step=2.5', 'rank and step must be whole numbers from 0'],
    ['kill@rank=1,step=-2', 'step is "-2", not a number'],
    ['kill@rank=1,step=2,seconds=3', '"seconds" is no setting of kill'],
  ] as const) {
    it(`refuses ${text}`, () => {
      const message = `Cannot simulate "${text}": ${why}.`;
      assert.throws(() => parseFault(text), { code: 'USAGE', message });
    });
  }
});

describe('a simulated NaN', () => {
  it('comes at its step only', () => {
    const nan = parseFault('nan@rank=0,step=2');
    assert.deepEqual(
      [1, 2, 3].map((step) => poisons([nan], step)),
      [false, true, false],
    );
  });
});

describe('a simulated flip', () => {
  it('comes at its step only', () => {
    const flip = parseFault('flip@rank=0,step=2');
    assert.deepEqual(
      [1, 2, 3].map((step) => flips([flip], step)),
      [false, true, false],
    );
  });

  it('changes one bit of one weight, and nothing in the state that it is given', () => {
    const state = {
      parameters: Float32Array.of(0, 1, 2),
      statistics: Float32Array.of(3),
      moments: [],
    };
    const flipped = withFlippedBit(state);
    assert.deepEqual(flipped, { ...state, parameters: Float32Array.of(0, 1.5, 2) });
    assert.deepEqual(state.parameters, Float32Array.of(0, 1, 2));
  });
});
