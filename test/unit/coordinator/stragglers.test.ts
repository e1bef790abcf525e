import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NO_STRAGGLERS, reduceStragglers } from '../../../src/coordinator/stragglers.ts';
import type { JsonObject } from '../../../src/core/json.ts';

const report = (computeMs: number, positions = 1000): JsonObject => ({
  positions,
  timings: { dataMs: 1, computeMs, exchangeMs: 7, applyMs: 2 },
});

/** Warnings over steps that each give all reports. */
function warnings(steps: readonly (readonly JsonObject[])[], workers = [0, 1, 2]): string[] {
  let state = NO_STRAGGLERS;
  return steps.flatMap((reports) => {
    const next = reduceStragglers(state, reports, workers);
    state = next.state;
    return next.warning === '' ? [] : [next.warning];
  });
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const EVEN = [report(100), report(100), report(104)];
const SLOW = [report(100), report(200), report(100)];

describe('a straggler', () => {
  test('is named once, by its slot, with what it spends its time on', () => {
    assert.deepEqual(warnings(times(60, SLOW), [0, 4, 5]), [
      'worker 4 takes 2.0 times as long for a position as the others, which wait for it (median of 20 steps, ms: data 1, compute 200, exchange 7, apply 2)',
    ]);
  });

  test('is named again when it was as fast as the others in between', () => {
    const steps = [...times(20, SLOW), ...times(20, EVEN), ...times(20, SLOW)];
    assert.equal(warnings(steps).length, 2);
  });

  test('is not who has more to compute, nor who paused once, nor one of equals', () => {
    const larger = [report(100, 1000), report(200, 2000), report(100, 1000)];
    const paused = [report(100), report(9000), report(100)];
    assert.deepEqual(warnings(times(40, larger)), []);
    assert.deepEqual(warnings([...times(19, EVEN), paused]), []);
    assert.deepEqual(warnings(times(40, EVEN)), []);
  });

  test('is looked for anew when the number of workers changes', () => {
    const two = SLOW.slice(0, 2);
    assert.deepEqual(warnings([...times(19, SLOW), ...times(19, two)]), []);
    assert.equal(warnings([...times(19, SLOW), ...times(20, two)]).length, 1);
  });

  test('needs others, and times', () => {
    assert.deepEqual(warnings(times(40, [report(100)])), []);
    assert.deepEqual(warnings(times(40, [{}, {}])), []);
    assert.deepEqual(warnings(times(40, [report(100), report(100, 0)])), []);
  });
});
