import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phaseSection } from '../../../src/config/phase-section.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { registry } from '../../../src/nn/registry.ts';
import { makeSchedule, resolveSteps, schedulePhase } from '../../../src/run/schedule.ts';

const pretrain = {
  name: 'pretrain',
  steps: 10,
  learningRate: { kind: 'constant', value: 0.5 },
} as const;
const finetune = {
  name: 'finetune',
  steps: 7,
  learningRate: { kind: 'warmup-cosine', peak: 1, warmupSteps: 4, finalFraction: 0.25 },
  evaluateEverySteps: 3,
} as const;
const schedule = makeSchedule([pretrain, finetune], { everySteps: 4 });

/** The global steps after which something is due. */
const due = (what: 'evaluate' | 'phaseEnds' | 'save') =>
  Array.from({ length: schedule.totalSteps }, (_, step) => step).filter(
    (step) => schedule.after(step)[what],
  );

test('phases follow each other without a gap', () => {
  assert.equal(schedule.totalSteps, 17);
  assert.deepEqual(schedule.firstSteps, [0, 10]);
  assert.deepEqual(schedule.at(0), { phaseIndex: 0, stepInPhase: 0, learningRate: 0.5 });
  assert.deepEqual(schedule.at(9), { phaseIndex: 0, stepInPhase: 9, learningRate: 0.5 });
  assert.deepEqual(schedule.at(10), { phaseIndex: 1, stepInPhase: 0, learningRate: 0.25 });
  assert.deepEqual(schedule.at(16), { phaseIndex: 1, stepInPhase: 6, learningRate: 0.25 });
});

test('the rate counts the steps of its own phase, so mid-warm-up needs no memory', () => {
  assert.equal(schedule.at(12).learningRate, 0.75);
  assert.equal(schedule.at(13).learningRate, 1);
  assert.ok(schedule.at(14).learningRate < 1);
});

test('a phase ends with its last step', () => {
  assert.deepEqual(due('phaseEnds'), [9, 16]);
});

test('saves are due each 4 global steps done and at every end of a phase', () => {
  assert.deepEqual(due('save'), [3, 7, 9, 11, 15, 16]);
});

test('evaluations count the steps of their phase; its end is always one', () => {
  assert.deepEqual(due('evaluate'), [12, 15, 16]);
});

test('an end that is also a multiple is one event', () => {
  const even = makeSchedule([{ ...finetune, steps: 6 }], { everySteps: 3 });
  assert.deepEqual(even.after(5), { evaluate: true, phaseEnds: true, save: true });
  assert.deepEqual(even.after(4), { evaluate: false, phaseEnds: false, save: false });
});

test('steps outside the run are refused', () => {
  for (const step of [-1, 17, 0.5]) {
    assert.throws(() => schedule.at(step), RangeError);
    assert.throws(() => schedule.after(step), RangeError);
  }
});

test('a duration in epochs is resolved by the steps of an epoch', () => {
  assert.equal(resolveSteps({ duration: { steps: 5 } }, 9), 5);
  assert.equal(resolveSteps({ duration: { epochs: 3 } }, 9), 27);
});

test('a configured phase becomes a scheduled one', () => {
  const phase = phaseSection(registry.choices()).parse({
    name: 'one',
    start: 'fresh',
    objective: { kind: 'masked' },
    optimizer: { kind: 'sgd' },
    learningRate: { kind: 'constant', value: 1 },
    duration: { epochs: 2 },
  });
  const expected = { name: 'one', steps: 22, learningRate: { kind: 'constant', value: 1 } };
  assert.deepEqual(schedulePhase(phase, 11), expected);
  const evaluated = {
    ...phase,
    evaluation: { data: phase.data, everySteps: 6, keep: 'best' as const },
  };
  assert.deepEqual(schedulePhase(evaluated, 11), { ...expected, evaluateEverySteps: 6 });
});

test('a warm-up longer than its phase is refused with both numbers', () => {
  assert.throws(
    () => makeSchedule([{ ...finetune, steps: 3 }], { everySteps: 4 }),
    (error) =>
      error instanceof LockstepError &&
      error.code === 'CONFIG_INVALID' &&
      error.message === 'Phase "finetune" warms up over 4 steps but lasts 3.',
  );
});
