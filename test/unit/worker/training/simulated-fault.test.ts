import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MicroBatch, TrainState } from '../../../../src/engine/engine.ts';
import {
  inject,
  parseFault,
  withFaults,
  withFlippedBit,
} from '../../../../src/worker/training/simulated-fault.ts';

describe('parseFault()', () => {
  it('takes a fault, its rank and its step, and its own settings', () => {
    assert.deepEqual(parseFault('kill@rank=1,step=20'), {
      ...{ kind: 'kill', rank: 1, step: 20, settings: {} },
    });
    assert.deepEqual(parseFault('pause@step=3,rank=0,seconds=1.5').settings, { seconds: 1.5 });
    assert.deepEqual(parseFault('slow@rank=0,step=3').settings, { ms: 500 });
  });

  for (const [text, why] of [
    ['explode@rank=1,step=2', 'the fault "explode" is none of them'],
    ['kill', 'rank and step must be whole numbers from 0'],
    ['hang@rank=1,step=2,ms=3', '"ms" is no setting of hang'],
    ['kill@rank=1', 'rank and step must be whole numbers from 0'],
    ['kill@rank=1,step=2.5', 'rank and step must be whole numbers from 0'],
    ['kill@rank=1,step=-2', 'step is "-2", not a number'],
    ['stop@rank=1,step=2,seconds=3', '"seconds" is no setting of stop'],
    ['kill@rank=1,step=2,seconds=3', '"seconds" is no setting of kill'],
  ] as const) {
    it(`refuses ${text}`, () => {
      const message = `Cannot simulate "${text}": ${why}.`;
      assert.throws(() => parseFault(text), { code: 'USAGE', message });
    });
  }
});

const STATE = { parameters: Float32Array.of(0, 1, 2), statistics: Float32Array.of(3), moments: [] };

describe('a simulated NaN', () => {
  it('is in the leaves of its step only', () => {
    const session = {
      gradients: () => Float32Array.of(1, 2),
      merge: (left: Float32Array) => left,
      apply: () => {},
    };
    const nan = parseFault('nan@rank=0,step=2');
    const firsts = [1, 2, 3].map(
      (step) => withFaults(session, [nan], step).gradients({} as MicroBatch)[0],
    );
    assert.deepEqual(firsts, [1, Number.NaN, 1]);
  });
});

describe('a simulated flip', () => {
  it('comes at its step only', async () => {
    const loaded: TrainState[] = [];
    const session = { read: () => STATE, load: (state: TrainState) => void loaded.push(state) };
    for (const step of [1, 2, 3]) await inject([parseFault('flip@rank=0,step=2')], step, session);
    assert.deepEqual(loaded, [withFlippedBit(STATE)]);
  });

  it('changes one bit of one weight, and nothing in the state that it is given', () => {
    const state = STATE;
    const flipped = withFlippedBit(state);
    assert.deepEqual(flipped, { ...state, parameters: Float32Array.of(0, 1.5, 2) });
    assert.deepEqual(state.parameters, Float32Array.of(0, 1, 2));
  });
});
