import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INJECTED, INJECTED_NAMES } from '../../../../src/bench/faults/fault-kinds.ts';
import { inRuns, planFaults } from '../../../../src/bench/faults/fault-plan.ts';

describe('planFaults', () => {
  test('has every kind once before any comes again, in an order that the seed decides', () => {
    const all = INJECTED_NAMES.length;
    const plan = planFaults(2 * all, 3, 1).map(({ fault }) => fault);
    for (const part of [plan.slice(0, all), plan.slice(all)]) {
      assert.deepEqual(part.toSorted(), INJECTED_NAMES.toSorted());
    }
    assert.deepEqual(planFaults(9, 3, 1), planFaults(9, 3, 1));
    assert.notDeepEqual(planFaults(9, 3, 1), planFaults(9, 3, 2));
  });

  test('reaches every worker', () => {
    const slots = new Set(planFaults(60, 3, 1).map(({ slot }) => slot));
    assert.deepEqual([...slots].toSorted(), [0, 1, 2]);
  });
});

test('a run ends with the fault that ends it', () => {
  const plan = planFaults(40, 3, 1);
  const runs = inRuns(plan);
  assert.deepEqual(runs.flat(), plan);
  for (const run of runs.slice(0, -1)) {
    assert.deepEqual(
      run.map(({ fault }) => INJECTED[fault].isLast),
      [...run.slice(1).map(() => false), true],
    );
  }
});
