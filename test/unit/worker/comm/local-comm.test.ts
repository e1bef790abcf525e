import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { leavesOfStep, reduceInputOf, treeSum } from '../../../../src/bench/faults/leaves.ts';
import { LockstepError } from '../../../../src/core/errors.ts';
import { watchProcessSignals } from '../../../../src/launch/process-signals.ts';
import type { CoordinatorEvent } from '../../../../src/telemetry/coordinator-event.ts';
import type { LocalComm } from '../../../../src/worker/comm/local-comm.ts';
import { openLocalComm } from '../../../../src/worker/comm/local-comm.ts';

async function withComm(
  body: (comm: LocalComm, events: CoordinatorEvent[]) => Promise<void>,
  stopBefore?: number,
) {
  const events: CoordinatorEvent[] = [];
  const listeners = process.listenerCount('SIGTERM');
  const comm = openLocalComm({
    onEvent: (event) => events.push(event),
    watchSignals: watchProcessSignals,
    stopBefore,
  });
  try {
    await body(comm, events);
  } finally {
    await comm.close();
    assert.equal(process.listenerCount('SIGTERM'), listeners);
  }
}

describe('LocalComm', () => {
  test('is a run of one rank: every step is leased and the sum is the tree', async () => {
    await withComm(async (comm, events) => {
      assert.deepEqual(await comm.join({ configHash: '', dataHash: '', fingerprint: '' }), {
        rank: 0,
        worldSize: 1,
        generation: 1,
        origin: { kind: 'disk', again: false },
        receivers: [],
      });
      await comm.ready({ step: 0, stateHash: '' });
      const leaves = leavesOfStep(0, 5, 70);
      for (let step = 0; step < 3; step++) {
        assert.equal(await comm.awaitLease(step), 'run');
        assert.deepEqual(await comm.allReduce(reduceInputOf(0, 1, step, leaves)), treeSum(leaves));
        comm.stepDone({ step, sums: { loss: step }, report: { phase: 'a', skipped: undefined } });
      }
      comm.event({ saved: 3 });
      await comm.finish({ step: 3, stateHash: '', reason: 'completed' });
      assert.deepEqual(events.slice(-2), [
        { kind: 'step', step: 2, sums: { loss: 2 }, reports: [{ phase: 'a' }] },
        { kind: 'event', rank: 0, step: 3, payload: { saved: 3 } },
      ]);
    });
  });

  test('warns of a skipped step', async () => {
    await withComm(async (comm, events) => {
      comm.stepDone({ step: 3, sums: { skipped: 1 }, report: {} });
      const text = 'the sum of step 3 is not finite: its update is skipped';
      assert.deepEqual(events.slice(1), [{ kind: 'status', text, isWarning: true }]);
    });
  });

  test('drains at the first signal, even when steps never yield', async () => {
    await withComm(async (comm, events) => {
      await comm.ready({ step: 0, stateHash: '' });
      assert.equal(await comm.awaitLease(0), 'run');
      process.kill(process.pid, 'SIGTERM');
      while ((await comm.awaitLease(1)) === 'run');
      assert.equal(comm.stopSignal, 'SIGTERM');
      const text = 'SIGTERM: the run stops before step 1';
      assert.deepEqual(events.slice(1), [{ kind: 'status', text }]);
    });
  });

  test('ends at a signal that comes before it is ready', async () => {
    await withComm(async (comm) => {
      process.kill(process.pid, 'SIGTERM');
      for (let look = 0; look < 10_000 && !comm.aborted.aborted; look++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const message = 'SIGTERM came before the first step.';
      await assert.rejects(comm.ready({ step: 0, stateHash: '' }), { code: 'TERMINATED', message });
    });
  });

  test('drains before the step that it shall not train', async () => {
    await withComm(async (comm) => {
      assert.equal(await comm.awaitLease(4), 'run');
      assert.equal(await comm.awaitLease(5), 'drain');
      assert.equal(comm.stopSignal, null);
    }, 5);
  });

  test('aborts with INTERRUPTED at the second SIGINT', async () => {
    await withComm(async (comm) => {
      await comm.ready({ step: 0, stateHash: '' });
      process.kill(process.pid, 'SIGINT');
      while ((await comm.awaitLease(1)) === 'run');
      process.kill(process.pid, 'SIGINT');
      for (let look = 0; look < 10_000 && !comm.aborted.aborted; look++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await assert.rejects(comm.awaitLease(2), { code: 'INTERRUPTED' });
    });
  });

  test('rejects everything with its own failure afterwards', async () => {
    await withComm(async (comm) => {
      await comm.fail(new LockstepError('NON_FINITE', 'The loss is NaN.', ''));
      const input = reduceInputOf(0, 1, 0, leavesOfStep(0, 1, 4));
      await assert.rejects(comm.allReduce(input), { code: 'NON_FINITE' });
      await assert.rejects(comm.finish({ step: 0, stateHash: '', reason: 'drained' }), {
        code: 'NON_FINITE',
      });
    });
  });
});
