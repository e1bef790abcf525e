/** A worker whose main thread is blocked for ever, while its comm thread goes on saying that it lives. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expectedState, FakeRunProcess } from '../../src/bench/faults/fake-run.ts';

const STEPS = 30;

describe('a main thread that is blocked in a training step', () => {
  test('is noticed by the pace of the steps before; the process is replaced and no bit changes', async () => {
    const fault = { kind: 'hang', slot: 1, step: 15 };
    const change = { workers: 3, totalSteps: STEPS, stepMs: 10, shortestHangMs: 1_000, fault };
    const run = new FakeRunProcess(change);
    try {
      assert.equal(await run.exit(), 0, run.stderr);
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.stateHash, await expectedState(run.run, STEPS));
      const lost = await run.line('status', ({ text }) => text.startsWith('Lost worker 1'));
      assert.match(
        lost.text,
        /: its main thread has been blocked for \d+ ms in step 15, of the steps before the slowest took \d+ ms\. It is started again at once/,
      );
      assert.equal(lost.isWarning, true);
      await run.nothingIsLeft();
    } finally {
      await run.cleanUp();
    }
  });
});
