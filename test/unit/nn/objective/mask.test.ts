import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMask } from '../../../../src/nn/objective/mask.ts';

const SPEC = { seed: 3, fraction: 0.15, span: 5 };

function maskOf(place: { sequence: number; start: number; count: number; epoch?: number }) {
  const mask = new Int32Array(place.count);
  drawMask(SPEC, { epoch: 0, ...place }, mask);
  return mask;
}

describe('drawMask()', () => {
  it('hides the expected share of the steps', () => {
    const count = 200_000;
    const hidden = maskOf({ sequence: 1, start: 0, count }).reduce((a, b) => a + b, 0);
    // Spans of five: about 31 000 independent draws decide, so ±1 % of the share is four deviations.
    assert.ok(Math.abs(hidden / count - 0.15) < 0.005, `${hidden / count}`);
  });

  it('hides whole spans, of at least the given length inside the sequence', () => {
    const mask = maskOf({ sequence: 2, start: 0, count: 5000 });
    const runs = mask
      .join('')
      .slice(5, -5)
      .split('0')
      .filter((run) => run !== '');
    assert.ok(runs.length > 50);
    assert.ok(runs.slice(1, -1).every((run) => run.length >= 5));
  });

  it("depends on a step's place in the sequence, not on the window", () => {
    const whole = maskOf({ sequence: 7, start: 0, count: 900 });
    for (const [start, count] of [
      [0, 900],
      [1, 100],
      [333, 200],
      [899, 1],
    ] as const) {
      assert.deepEqual(maskOf({ sequence: 7, start, count }), whole.slice(start, start + count));
    }
  });

  it('may hide the first and the last step', () => {
    const firstHidden = Array.from({ length: 200 }, (_, sequence) =>
      maskOf({ sequence, start: 0, count: 20 }),
    );
    assert.ok(firstHidden.some((mask) => mask[0] === 1));
    assert.ok(firstHidden.some((mask) => mask[19] === 1));
  });

  it('differs between epochs, sequences and seeds', () => {
    const one = maskOf({ sequence: 1, start: 0, count: 500 });
    assert.notDeepEqual(maskOf({ sequence: 1, start: 0, count: 500, epoch: 1 }), one);
    assert.notDeepEqual(maskOf({ sequence: 2, start: 0, count: 500 }), one);
    const other = new Int32Array(500);
    drawMask({ ...SPEC, seed: 4 }, { epoch: 0, sequence: 1, start: 0, count: 500 }, other);
    assert.notDeepEqual(other, one);
  });
});
