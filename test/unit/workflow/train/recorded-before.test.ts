/** A coordinator that is killed between a line of the metrics and the journal leaves the line for its successor. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyOfEvent, recordedBefore } from '../../../../src/workflow/train/recorded-before.ts';

const step = (number: number) => ({ kind: 'step', step: number });
const evaluation = (number: number) => ({ kind: 'evaluation', step: number });
const newestFirst = (...lines: { kind: string; step: number }[]) => lines.reverse();

describe('what the metrics have and the journal of a killed coordinator lacks', () => {
  it('is nothing when the journal was sent', () => {
    const lines = newestFirst(step(11), step(12), evaluation(12));
    const journal = { closed: 12, told: ['12 evaluation'] };
    assert.deepEqual([...recordedBefore(lines, journal)], []);
  });

  it('is the step, or the result, that was written last', () => {
    const journal = { closed: 12, told: ['12 evaluation'] };
    const written = [step(11), step(12), evaluation(12)];
    assert.deepEqual([...recordedBefore(newestFirst(...written, step(13)), journal)], ['13 step']);
    const before = { closed: 12, told: [] };
    assert.deepEqual([...recordedBefore(newestFirst(...written), before)], ['12 evaluation']);
  });

  it('is no line of steps that are done again from a checkpoint', () => {
    const lines = newestFirst(step(28), step(29), step(30));
    assert.deepEqual([...recordedBefore(lines, { closed: 20, told: [] })], []);
  });

  it('is what a coordinator may have written whose host was lost before any journal came', () => {
    const lines = newestFirst(step(1), evaluation(1), step(2));
    const recorded = recordedBefore(lines, null);
    assert.deepEqual([...recorded].sort(), ['1 evaluation', '1 step', '2 step']);
    assert.deepEqual([...recordedBefore([], null)], []);
  });

  it('has the keys of the events that a successor hears again', () => {
    const reports = [{ phase: 'train' }];
    const told = [
      keyOfEvent({ kind: 'step', step: 12, sums: {}, reports }),
      keyOfEvent({ kind: 'event', rank: 0, step: 12, payload: { kind: 'evaluation', step: 12 } }),
      keyOfEvent({ kind: 'status', text: 'Lost worker 1.' }),
    ];
    assert.deepEqual(told, ['13 step', '12 evaluation', undefined]);
  });
});
