import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_LOSSES, reduceLossSpikes } from '../../../src/coordinator/loss-spikes.ts';

/** Steps at which something was said of these losses. */
function jumps(losses: readonly number[], phaseOf: (step: number) => string = () => 'a'): number[] {
  let state = NO_LOSSES;
  return losses.flatMap((loss, step) => {
    const next = reduceLossSpikes(state, step, { phase: phaseOf(step), metrics: { loss } });
    state = next.state;
    return next.warning === '' ? [] : [step];
  });
}

/** A loss that falls from 3 towards 1 and wavers by a tenth, from a fixed sequence. */
const wavering = (steps: number): number[] =>
  Array.from({ length: steps }, (_, i) => 1 + 2 * Math.exp(-i / 40) + 0.1 * Math.sin(i * 12.9898));

const withAt = (losses: number[], at: number, loss: number) => losses.with(at, loss);

describe('a loss that jumps', () => {
  test('is said once, with both losses and the step', () => {
    let state = NO_LOSSES;
    const said = withAt(wavering(80), 60, 9).map((loss, step) => {
      const next = reduceLossSpikes(state, step, { phase: 'a', metrics: { loss } });
      state = next.state;
      return next.warning;
    });
    assert.deepEqual(
      said.flatMap((text, step) => (text === '' ? [] : [step])),
      [60],
    );
    assert.match(
      said[60]!,
      /^The loss jumps: 9\.000 in step 60, 1\.\d+ in the middle of the 50 steps before\./,
    );
  });

  test('is said once while it stays up, and again after it was down', () => {
    const up = wavering(100).map((loss, step) => (step >= 60 && step < 70 ? 9 : loss));
    assert.deepEqual(jumps(up), [60]);
    assert.deepEqual(jumps(withAt(up, 90, 9)), [60, 90]);
    const forGood = wavering(300).map((loss, step) => (step >= 60 ? 9 + loss : loss));
    assert.deepEqual(jumps(withAt(forGood, 250, 40)), [60, 250]);
  });

  test('is not one that wavers, falls, grows slowly, or begins', () => {
    assert.deepEqual(jumps(wavering(500)), []);
    assert.deepEqual(jumps(wavering(500).map((loss, step) => loss + step / 50)), []);
    assert.deepEqual(jumps(withAt(wavering(60), 20, 9)), []);
    // A long tail: one in ten is ten times as high.
    assert.deepEqual(
      jumps(wavering(500).map((loss, step) => (step % 10 === 3 ? 10 : 1) * loss)),
      [],
    );
  });

  test('is measured by its own phase', () => {
    const losses = [...wavering(60), ...wavering(40).map((loss) => 9 + loss)];
    assert.deepEqual(
      jumps(losses, (step) => (step < 60 ? 'a' : 'b')),
      [],
    );
    assert.deepEqual(jumps(losses), [60]);
  });

  test('needs a loss', () => {
    const { state, warning } = reduceLossSpikes(NO_LOSSES, 0, { phase: 'a', metrics: null });
    assert.deepEqual([state, warning], [NO_LOSSES, '']);
  });
});
