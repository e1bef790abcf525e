import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_PACE, paceOf, reducePace } from '../../../src/coordinator/step-pace.ts';

const report = (computeMs: number, change: object = {}) => ({
  ...{ phase: 'a', positions: 10, ...change },
  timings: { dataMs: 1, computeMs, exchangeMs: 500, applyMs: 2 },
});
/** After steps whose slowest worker took so long. */
const after = (...steps: number[]) =>
  steps.reduce((state, ms) => reducePace(state, [report(ms - 1), report(1)]), NO_PACE);
const times = (count: number, ms: number) => Array<number>(count).fill(ms);

describe('the time that a step may take', () => {
  test('is not known before ten steps', () => {
    assert.equal(paceOf(after(...times(9, 4_000)), 30_000), null);
    assert.notEqual(paceOf(after(...times(10, 4_000)), 30_000), null);
  });

  test('is 20 times that of the slowest worker in the slowest of the last 20 steps', () => {
    const steps = [9_000, ...times(5, 3_000), 4_000, ...times(10, 3_000)];
    assert.deepEqual(paceOf(after(...steps), 30_000), { slowestMs: 9_000, deadlineMs: 180_000 });
    const later = [...steps, ...times(5, 3_000)];
    assert.deepEqual(paceOf(after(...later), 30_000), { slowestMs: 4_000, deadlineMs: 80_000 });
  });

  test('is never shorter than the shortest', () => {
    assert.equal(paceOf(after(...times(10, 3)), 30_000)?.deadlineMs, 30_000);
  });

  test('is forgotten at the end of a phase, since the next one builds its graphs', () => {
    const known = after(...times(20, 4_000));
    assert.equal(reducePace(known, [report(3), report(3, { phaseEnds: true })]), NO_PACE);
  });

  test('is not learned from reports without times', () => {
    const known = after(...times(3, 4_000));
    assert.equal(reducePace(known, [{ phase: 'a' }]), known);
  });
});
