import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Cause } from '../../../../src/bench/faults/fault-kinds.ts';
import { namedCause } from '../../../../src/bench/faults/named-cause.ts';

const SAID: readonly (readonly [string, Cause, readonly number[]])[] = [
  ['Lost worker 1 (pid 5): it was killed by SIGKILL after 4 steps. It is', 'killed', [1]],
  ['Lost worker 1 (pid 5): it exited with code 3 after 4 steps.', 'exited', [1]],
  [
    'Lost worker 1 (pid 5): nothing was heard of it for 3000 ms after 4 steps: its process was stopped.',
    'stopped',
    [1],
  ],
  [
    'Lost worker 1 (pid 5): nothing was heard of it for 3000 ms after 4 steps, though its process ran: its',
    'coordinator not reached',
    [1],
  ],
  [
    'Lost worker 1 (pid 5): it exited with code 7 because it no longer heard the coordinator after 4 steps.',
    'coordinator not reached',
    [1],
  ],
  ['Lost worker 0 (pid 5): it has computed for 2034 ms without a word after 4', 'hung', [0]],
  ["Lost worker 0 (pid 5): it can't be understood. The frame …", 'malformed message', [0]],
  [
    'Lost worker 2 (pid 5): it failed at step 4: Cannot write "/x": the file system is full (ENOSPC) after',
    'disk full',
    [2],
  ],
  ['Lost worker 2 (pid 5): it failed at step 4: x is not a function', 'another reason', [2]],
  ['all workers have waited for 10000 ms: a message was lost: gen', 'another reason', []],
  ['the connection of worker 1 to the coordinator was cut and', 'connection cut', [1]],
  ['the connection of worker 1 to worker 2 was cut and is', 'connection cut', [1, 2]],
  ['what workers 0 and 2 sent to worker 1 has not come for 10000 ms', 'frames lost', [0, 2, 1]],
  ['worker 2 takes 3.1 times as long for a position as the others, which', 'slow', [2]],
  ['worker 1 got SIGTERM: the run stops before step 6', 'preempted', [1]],
  ['The coordinator was killed by SIGKILL; another one takes', 'coordinator killed', []],
  ['The coordinator said nothing for 10000 ms; another one', 'coordinator silent', []],
  ['worker 1 (pid 5) failed at step 2: The loss is NaN.', 'not finite', [1]],
  [
    'Step 4 differs between workers: the sum "loss": worker 0 1.5, worker 1 2.5, worker 2 1.5.',
    'another sum',
    [1],
  ],
  [
    'Step 4 differs between workers: the sum "loss": worker 0 1.5, worker 1 2.5.',
    'another sum',
    [0, 1],
  ],
];

describe('namedCause', () => {
  for (const [text, cause, slots] of SAID) {
    test(`is "${cause}" in: ${text.slice(0, 60)}`, () => {
      assert.deepEqual(namedCause([text]), { cause, slots });
    });
  }

  test('is the first one: what follows are consequences', () => {
    const texts = ['generation 2 is formed of workers 0 and 1', SAID[0]![0], SAID[10]![0]];
    assert.deepEqual(namedCause(texts), { cause: 'killed', slots: [1] });
  });

  test('is nothing where the log names no cause', () => {
    const texts = ['worker 1 has finished at step 5', 'All 5 steps are done.'];
    assert.deepEqual(namedCause(texts), { cause: 'nothing', slots: [] });
  });
});
