/** Runs of real processes, coordinator and workers, that end as they should; no TensorFlow. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FakeRun } from '../../src/bench/faults/fake-run.ts';
import { expectedState, FakeRunProcess } from '../../src/bench/faults/fake-run.ts';

async function withRun(
  change: Partial<FakeRun>,
  body: (run: FakeRunProcess) => Promise<void>,
): Promise<void> {
  const run = new FakeRunProcess(change);
  try {
    await body(run);
  } finally {
    await run.cleanUp();
  }
}

/** The last line that a worker printed: its own view of the end. */
function reportOf(run: FakeRunProcess, slot: number): { step: number; stateHash: string } {
  return JSON.parse(run.output(slot).trim().split('\n').at(-1)!);
}

describe('a run of processes', () => {
  for (const [workers, transport] of [
    [1, 'ipc'],
    [2, 'ipc'],
    [2, 'tcp'],
    [2, 'insecure-tcp'],
    [3, 'ipc'],
    [3, 'tcp'],
  ] as const) {
    test(`ends with the state of the plain tree: ${workers} workers over ${transport}`, async () => {
      await withRun({ workers, transport, length: 20_011 }, async (run) => {
        assert.equal(await run.exit(), 0, run.stderr);
        const expected = await expectedState(run.run, 6);
        const { outcome } = await run.line('outcome');
        assert.deepEqual(outcome, {
          kind: 'completed',
          exitCode: 0,
          reason: 'All 6 steps are done.',
          step: 6,
          stateHash: expected,
        });
        for (let slot = 0; slot < workers; slot++) {
          const { step, stateHash } = reportOf(run, slot);
          assert.deepEqual({ step, stateHash }, { step: 6, stateHash: expected });
        }
        await run.nothingIsLeft();
      });
    });
  }

  test('goes on from a later step, with more workers than micro-batches', async () => {
    const change = { workers: 3, microBatches: 2, firstStep: 4, firstState: 'saved' };
    await withRun(change, async (run) => {
      assert.equal(await run.exit(), 0, run.stderr);
      const steps = run.lines.flatMap((line) => (line.kind === 'step' ? [line.step] : []));
      assert.deepEqual(steps, [4, 5]);
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.stateHash, await expectedState(run.run, 6));
    });
  });

  test('forwards step reports of all ranks in order of rank, and events', async () => {
    await withRun({ workers: 2, totalSteps: 1 }, async (run) => {
      assert.equal(await run.exit(), 0, run.stderr);
      const { reports } = await run.line('step');
      // What JSON can't say is left out or null; it does not break the run.
      assert.deepEqual(
        reports.map(({ positions: _, timings: __, ...report }) => report),
        [
          { rank: 0, bad: null },
          { rank: 1, bad: null },
        ],
      );
      const { step, payload } = await run.line('event', ({ rank }) => rank === 1);
      assert.deepEqual({ step, payload }, { step: 1, payload: { saved: 1 } });
    });
  });

  for (const [signal, code, to] of [
    // As a terminal sends it: to every process of the group.
    ['SIGINT', 130, 'the whole group'],
    ['SIGTERM', 143, 'the coordinator'],
  ] as const) {
    test(`drains at ${signal} to ${to}: all ranks finish the same steps, exit code ${code}`, async () => {
      await withRun({ workers: 3, totalSteps: 500, stepMs: 20 }, async (run) => {
        await run.line('step', ({ step }) => step === 3);
        const { pid } = run.process;
        process.kill(to === 'the coordinator' ? pid! : -pid!, signal);
        assert.equal(await run.exit(), code);
        await checkDrained(run, signal);
      });
    });
  }

  test('drains when one worker alone is signalled', async () => {
    const fault = { kind: 'signal', slot: 1, step: 2 };
    await withRun({ totalSteps: 500, stepMs: 20, fault }, async (run) => {
      assert.equal(await run.exit(), 75);
      await checkDrained(run, 'SIGUSR1');
      const reason = /^worker 1 got SIGUSR1: the run stops before step \d+$/;
      await run.line('status', ({ text }) => reason.test(text));
    });
  });

  test('stops at once at the second SIGINT', async () => {
    const fault = { kind: 'hang', slot: 0, step: 2 };
    await withRun({ totalSteps: 500, fault }, async (run) => {
      await run.line('step', ({ step }) => step === 1);
      process.kill(run.process.pid!, 'SIGINT');
      await run.line('status', ({ text }) => text.startsWith('SIGINT: the run stops'));
      process.kill(run.process.pid!, 'SIGINT');
      assert.equal(await run.exit(), 130);
      assert.match(run.stderr, /^INTERRUPTED: The run was interrupted a second time/);
      await run.nothingIsLeft();
    });
  });
});

async function checkDrained(run: FakeRunProcess, signal: string): Promise<void> {
  const { outcome } = await run.line('outcome');
  assert.equal(outcome.kind, 'drained');
  assert.match(outcome.reason, new RegExp(`^${signal}: saved after ${outcome.step} of 500 steps`));
  assert.ok(outcome.step >= 2 && outcome.step < 100);
  for (let slot = 0; slot < run.run.workers; slot++) {
    assert.equal(reportOf(run, slot).step, outcome.step);
  }
  assert.equal(outcome.stateHash, await expectedState(run.run, outcome.step));
  await run.nothingIsLeft();
}
