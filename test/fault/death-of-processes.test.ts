/** Whatever process dies, the others end soon, each with one line and the right exit code; nothing is left. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FakeRun } from '../helper/fake-run.ts';
import { FakeRunProcess } from '../helper/fake-run.ts';

/** A run that would go on for long, struck once it is under way. */
async function withLongRun(
  change: Partial<FakeRun>,
  body: (run: FakeRunProcess) => Promise<void>,
): Promise<void> {
  const run = new FakeRunProcess({ workers: 2, totalSteps: 5000, stepMs: 20, ...change });
  try {
    await body(run);
  } finally {
    await run.cleanUp();
  }
}

/** All that a worker printed, as lines. */
const linesOf = (run: FakeRunProcess, slot: number) =>
  run
    .output(slot)
    .split('\n')
    .filter((line) => line !== '');

describe('death of a worker', () => {
  test('by SIGKILL: the coordinator names rank, pid, signal and step, and ends with code 7', async () => {
    await withLongRun({ workers: 3 }, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 3);
      process.kill(pids[1]!, 'SIGKILL');
      assert.equal(await run.exit(), 7);
      const reason = `^WORKER_LOST: Lost rank 1 \\(pid ${pids[1]}\\): it was killed by SIGKILL after \\d+ steps\\. .+\n$`;
      assert.match(run.stderr, new RegExp(reason));
      for (const slot of [0, 2]) {
        assert.equal(linesOf(run, slot).length, 1, linesOf(run, slot).join('\n'));
        assert.match(linesOf(run, slot)[0]!, /^WORKER_LOST: Lost rank 1 \(pid/);
      }
      await run.nothingIsLeft();
    });
  });

  test('in the middle of an exchange: the others do not wait for it', async () => {
    const fault = { kind: 'kill', slot: 1, step: 4 };
    await withLongRun({ fault, length: 100_000 }, async (run) => {
      assert.equal(await run.exit(), 7);
      assert.match(
        run.stderr,
        /^WORKER_LOST: Lost rank 1 \(pid \d+\): it was killed by SIGKILL after \d steps\./,
      );
      await run.nothingIsLeft();
    });
  });

  test('by an early exit: its last line is told', async () => {
    await withLongRun({ fault: { kind: 'exit', slot: 0, step: 1 } }, async (run) => {
      assert.equal(await run.exit(), 7);
      assert.match(
        run.stderr,
        /^WORKER_LOST: Lost rank 0 \(pid \d+\): it exited with code 3 after 1 steps\./,
      );
    });
  });

  test('by an error of its own: the run ends with that error and its exit code', async () => {
    await withLongRun({ fault: { kind: 'fail', slot: 1, step: 2 } }, async (run) => {
      assert.equal(await run.exit(), 6);
      const line =
        /^NON_FINITE: rank 1 \(pid \d+\) failed at step 2: The loss is NaN\. Lower the rate\.\n$/;
      assert.match(run.stderr, line);
      assert.deepEqual(linesOf(run, 1), ['NON_FINITE: The loss is NaN. Lower the rate.']);
      assert.match(linesOf(run, 0)[0]!, /^NON_FINITE: rank 1 \(pid \d+\) failed at step 2/);
      await run.nothingIsLeft();
    });
  });

  test('by a defect: UNEXPECTED, exit code 1', async () => {
    await withLongRun({ fault: { kind: 'defect', slot: 1, step: 2 } }, async (run) => {
      assert.equal(await run.exit(), 1);
      assert.match(
        run.stderr,
        /^UNEXPECTED: rank 1 \(pid \d+\) failed at step 2: x is not a function/,
      );
    });
  });

  test('stopped by SIGSTOP: its silence is noticed', async () => {
    await withLongRun({}, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 3);
      process.kill(pids[1]!, 'SIGSTOP');
      assert.equal(await run.exit(), 7);
      assert.match(
        run.stderr,
        /^WORKER_LOST: Lost rank 1 \(pid \d+\): nothing was heard of it for 3000 ms/,
      );
      await run.nothingIsLeft();
    });
  });
});

describe('death of the coordinator', () => {
  test('by SIGKILL: workers end with code 7, and remove the socket folder', async () => {
    await withLongRun({}, async (run) => {
      await run.line('step', ({ step }) => step === 3);
      run.process.kill('SIGKILL');
      assert.equal(await run.exit(), 'SIGKILL');
      await run.nothingIsLeft();
      for (const slot of [0, 1]) {
        assert.equal(linesOf(run, slot).length, 1, linesOf(run, slot).join('\n'));
        assert.match(
          linesOf(run, slot)[0]!,
          /^COORDINATOR_LOST: Lost the coordinator: its process \d+ is gone\./,
        );
      }
    });
  });

  test('while a main thread is blocked: the comm thread ends the process, with its line', async () => {
    await withLongRun({ fault: { kind: 'block', slot: 1, step: 3 } }, async (run) => {
      await run.line('step', ({ step }) => step === 2);
      run.process.kill('SIGKILL');
      await run.exit();
      await run.nothingIsLeft();
      assert.equal(linesOf(run, 1).length, 1, linesOf(run, 1).join('\n'));
      assert.match(
        linesOf(run, 1)[0]!,
        /^COORDINATOR_LOST: .* \(Process \d+ is killed: its main thread is blocked\.\)$/,
      );
    });
  });
});

describe('a worker that does not fit', () => {
  test('with another configuration is refused before the first step, with both values', async () => {
    await withLongRun({ fault: { kind: 'other-config', slot: 1, step: 0 } }, async (run) => {
      assert.equal(await run.exit(), 6);
      const line =
        /^REPLICAS_DIFFER: Cannot start the run: the configuration differs: the coordinator config, .*rank 1 another/;
      assert.match(run.stderr, line);
      assert.equal(run.lines.filter((event) => event.kind === 'step').length, 0);
      await run.nothingIsLeft();
    });
  });

  test('with another reduced sum ends the run, naming step and values', async () => {
    await withLongRun({ fault: { kind: 'wrong-sum', slot: 1, step: 1 } }, async (run) => {
      assert.equal(await run.exit(), 6);
      assert.match(
        run.stderr,
        /^REPLICAS_DIFFER: Step 1 differs between ranks: the sum "loss": rank \d -?[\d.]+, rank/,
      );
    });
  });
});
