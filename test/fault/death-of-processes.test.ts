/**
 * The death of a worker or of the coordinator costs time and no bit; that of their supervisor ends the run soon, each
 * process with one line and the right exit code. Nothing is left.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FakeRun } from '../../src/bench/faults/fake-run.ts';
import { expectedState, FakeRunProcess } from '../../src/bench/faults/fake-run.ts';
import { deadline, slowness } from '../helper/slowness.ts';

/** Most of each test is waiting. */
const SIDE_BY_SIDE = { concurrency: 3 };

/** A run that would go on for long, for faults once it is under way. */
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

/** Steps of a run that is to end well. */
const STEPS = 60;

/**
 * The run ended as an undisturbed one does, every step told once and in order: but a coordinator that is killed once
 * it has told a step leaves the step to its successor. Metrics and supervisor know that they have it.
 */
async function endsUndisturbed(run: FakeRunProcess): Promise<void> {
  assert.equal(await run.exit(), 0, run.stderr);
  const { outcome } = await run.line('outcome');
  assert.equal(outcome.stateHash, await expectedState(run.run, run.run.totalSteps));
  const steps = run.lines.flatMap((line) => (line.kind === 'step' ? [line.step] : []));
  const heard = steps.filter((step, at) => step !== steps[at - 1]);
  assert.deepEqual(heard, [...Array(run.run.totalSteps).keys()]);
  await run.nothingIsLeft();
}

const statusOf = (run: FakeRunProcess): string =>
  run.lines.flatMap((line) => (line.kind === 'status' ? [line.text] : [])).join('\n');

describe('death of a worker', SIDE_BY_SIDE, () => {
  test('by SIGKILL: the others go on at once, it comes back, and the state is that of an undisturbed run', async () => {
    // Long enough for the new process to come to take part.
    const stepMs = Math.ceil(25 * slowness());
    await withLongRun({ workers: 3, totalSteps: 200, stepMs }, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 3);
      // Rank 0: the one that saves and tells.
      process.kill(pids[0]!, 'SIGKILL');
      await endsUndisturbed(run);
      await run.line('status', ({ isWarning, text }) => isWarning === true && /^Lost/.test(text));
      const status = statusOf(run);
      assert.match(
        status,
        new RegExp(`^Lost worker 0 \\(pid ${pids[0]}\\): it was killed by SIGKILL after`, 'm'),
      );
      assert.match(status, /^generation 2 is formed of workers 1 and 2$/m);
      // Worker 1 or 2 gets the state too if the end of the last step has not reached it yet.
      assert.match(
        status,
        /^generation 3 is formed of workers 0, 1 and 2; the state goes to workers? 0( and [12])?$/m,
      );
      assert.match(status, /^step \d+ was finished \d+ ms after the loss$/m);
    });
  });

  test('in the middle of an exchange, without restarts: the others do it again', async () => {
    const change = { fault: { kind: 'kill', slot: 1, step: 4 }, length: 100_000, totalSteps: 8 };
    const elasticity = { maxRestarts: 0, minWorkers: 1 };
    await withLongRun({ ...change, elasticity, workers: 3 }, async (run) => {
      await endsUndisturbed(run);
      assert.match(statusOf(run), /after \d steps\. It is left out after 0 restarts\.$/m);
    });
  });

  test('of all workers at once: the run goes on from what was saved', async () => {
    await withLongRun({ totalSteps: STEPS, saveEverySteps: 5 }, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 12);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      assert.equal(await run.exit(), 0, run.stderr);
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.stateHash, await expectedState(run.run, STEPS));
      assert.match(statusOf(run), /the run goes on at step \d*[05]$/m);
      await run.nothingIsLeft();
    });
  });

  test('where all are needed: what the others have is saved, and the run ends with code 7', async () => {
    const elasticity = { maxRestarts: 0, minWorkers: 2 };
    await withLongRun({ elasticity }, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 3);
      process.kill(pids[1]!, 'SIGKILL');
      assert.equal(await run.exit(), 7);
      const reason = `^WORKER_LOST: 1 of at least 2 workers are left\\. Lost worker 1 \\(pid ${pids[1]}\\): it was killed by SIGKILL`;
      assert.match(run.stderr, new RegExp(reason));
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.kind, 'drained');
      assert.equal(outcome.stateHash, await expectedState(run.run, outcome.step));
      await run.nothingIsLeft();
    });
  });

  test('of every process that is started in one slot: it is left out, with its last line', async () => {
    const fault = { kind: 'exit', slot: 1, step: 1, until: 9 };
    const elasticity = { maxRestarts: 1, minWorkers: 1 };
    await withLongRun({ fault, elasticity, totalSteps: 6, stepMs: 100 }, async (run) => {
      // The fault is injected again whenever it comes to take part; the run may be over before.
      assert.equal(await run.exit(), 0, run.stderr);
      assert.match(
        statusOf(run),
        /^Lost worker 1 \(pid \d+\): it exited with code 3 after 1 steps\./m,
      );
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.stateHash, await expectedState(run.run, 6));
    });
  });

  test('by an error of its own data: the run ends with that error and its exit code', async () => {
    await withLongRun({ fault: { kind: 'nan', slot: 1, step: 2 } }, async (run) => {
      assert.equal(await run.exit(), 6);
      const line =
        /^NON_FINITE: worker 1 \(pid \d+\) failed at step 2: The loss is NaN\. Lower the rate\.\n$/;
      assert.match(run.stderr, line);
      assert.deepEqual(linesOf(run, 1), ['NON_FINITE: The loss is NaN. Lower the rate.']);
      assert.match(linesOf(run, 0)[0]!, /^NON_FINITE: worker 1 \(pid \d+\) failed at step 2/);
      await run.nothingIsLeft();
    });
  });

  test('by a defect: it is started again; when nobody is left the run ends with UNEXPECTED, exit code 1', async () => {
    const fault = { kind: 'defect', slot: 0, step: 2, until: 9 };
    const elasticity = { maxRestarts: 1, minWorkers: 1 };
    await withLongRun({ workers: 1, fault, elasticity, saveEverySteps: 1 }, async (run) => {
      assert.equal(await run.exit(), 1);
      assert.match(
        run.stderr,
        /^UNEXPECTED: Lost worker 0 \(pid \d+\): it failed at step 2: x is not a function/,
      );
      assert.equal(run.startedPids.length, 2);
      await run.nothingIsLeft();
    });
  });

  test('by SIGSTOP: its silence is noticed, it is killed and started again', async () => {
    await withLongRun({ totalSteps: 100, stepMs: 20 }, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 3);
      process.kill(pids[1]!, 'SIGSTOP');
      await endsUndisturbed(run);
      assert.match(
        statusOf(run),
        /^Lost worker 1 \(pid \d+\): nothing was heard of it for 3000 ms after \d+ steps: its process was stopped\./m,
      );
    });
  });

  test('by a main thread that computes for ever: it is killed and started again', async () => {
    const fault = { kind: 'hang', slot: 1, step: 3 };
    await withLongRun({ totalSteps: 100, fault, hangMs: 1_000 }, async (run) => {
      await endsUndisturbed(run);
      assert.match(
        statusOf(run),
        /^Lost worker 1 \(pid \d+\): it has computed for \d+ ms without a word after 3 steps\./m,
      );
      assert.equal(run.startedPids.length, 3);
    });
  });

  test('by a stop that ends soon: nothing but time is lost, not even the process', async () => {
    await withLongRun({ totalSteps: 40 }, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 3);
      process.kill(pids[1]!, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      process.kill(pids[1]!, 'SIGCONT');
      await endsUndisturbed(run);
      assert.equal(run.startedPids.length, 2);
    });
  });
});

describe('death of the coordinator', SIDE_BY_SIDE, () => {
  for (const transport of ['ipc', 'tcp', 'insecure-tcp'] as const)
    test(`by SIGKILL: another one takes the run over, no step is lost or told twice: ${transport}`, async () => {
      await withLongRun({ transport, totalSteps: STEPS, stepMs: 40 }, async (run) => {
        await run.line('step', ({ step }) => step === 5);
        const pid = run.coordinatorPid;
        process.kill(pid, 'SIGKILL');
        await endsUndisturbed(run);
        assert.notEqual(run.coordinatorPid, pid);
        assert.equal(run.startedPids.length, 2, 'the workers are the same processes');
        const status = statusOf(run);
        assert.match(
          status,
          /^The coordinator was killed by SIGKILL; another one takes the run over \(restart 1 of 3\)\.$/m,
        );
        assert.match(status, /^worker 0 has joined/m);
        assert.match(status, /^step \d+ was finished \d+ ms after the loss$/m);
      });
    });

  test('while each coordinator takes longer to load than it may be silent: the run starts and goes on', async () => {
    const slow = { coordinatorLoadsMs: 4_000, coordinatorSilenceMs: 2_000 };
    await withLongRun({ totalSteps: STEPS, stepMs: 40, ...slow }, async (run) => {
      await run.line('step', ({ step }) => step === 5);
      process.kill(run.coordinatorPid, 'SIGKILL');
      await endsUndisturbed(run);
      assert.match(statusOf(run), /^The coordinator was killed by SIGKILL; another one/m);
      assert.doesNotMatch(statusOf(run), /said nothing/);
    });
  });

  test('while it keeps dying: the run goes on each time', async () => {
    const change = { totalSteps: STEPS, stepMs: 40, healthyMs: 0 };
    await withLongRun(change, async (run) => {
      for (const after of [3, 8, 13, 18, 23]) {
        await run.line('step', ({ step }) => step === after);
        process.kill(run.coordinatorPid, 'SIGKILL');
      }
      await endsUndisturbed(run);
    });
  });

  test('by SIGSTOP: its silence is noticed, and another one takes the run over', async () => {
    const coordinatorSilenceMs = deadline(1_500);
    await withLongRun({ totalSteps: STEPS, coordinatorSilenceMs }, async (run) => {
      await run.line('step', ({ step }) => step === 5);
      process.kill(run.coordinatorPid, 'SIGSTOP');
      await endsUndisturbed(run);
      const silence = `^The coordinator said nothing for ${coordinatorSilenceMs} ms; another one`;
      assert.match(statusOf(run), new RegExp(silence, 'm'));
    });
  });

  test('together with a worker: that one is started again', async () => {
    await withLongRun({ workers: 3, totalSteps: STEPS, stepMs: 40 }, async (run) => {
      const pids = await run.pids();
      await run.line('step', ({ step }) => step === 5);
      process.kill(run.coordinatorPid, 'SIGKILL');
      process.kill(pids[1]!, 'SIGKILL');
      assert.equal(await run.exit(), 0, run.stderr);
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.stateHash, await expectedState(run.run, STEPS));
      assert.match(statusOf(run), /^Lost worker 1 \(pid \d+\): it was killed by SIGKILL/m);
      await run.nothingIsLeft();
    });
  });

  test('after a signal to stop: its successor stops the run, saved', async () => {
    await withLongRun({ stepMs: 400 }, async (run) => {
      await run.line('step', ({ step }) => step === 2);
      run.process.kill('SIGTERM');
      await run.line('status', ({ text }) => /^SIGTERM: the run stops before step/.test(text));
      process.kill(run.coordinatorPid, 'SIGKILL');
      assert.equal(await run.exit(), 143, run.stderr);
      const { outcome } = await run.line('outcome');
      assert.equal(outcome.kind, 'drained');
      assert.equal(outcome.stateHash, await expectedState(run.run, outcome.step));
      await run.nothingIsLeft();
    });
  });

  test('before anything was decided: its successor starts the run', async () => {
    await withLongRun({ totalSteps: 5 }, async (run) => {
      await run.line('coordinator');
      process.kill(run.coordinatorPid, 'SIGKILL');
      await endsUndisturbed(run);
    });
  });

  test('when the workers are not to wait: the run ends with code 7', async () => {
    await withLongRun({ elasticity: { coordinatorWaitMs: 0 } }, async (run) => {
      await run.line('step', ({ step }) => step === 3);
      process.kill(run.coordinatorPid, 'SIGKILL');
      assert.equal(await run.exit(), 7, run.stderr);
      assert.match(
        run.stderr,
        /^COORDINATOR_LOST: Lost the coordinator: it was killed by SIGKILL\. Resume/,
      );
      await run.nothingIsLeft();
    });
  });
});

describe('death of the supervisor', SIDE_BY_SIDE, () => {
  for (const transport of ['ipc', 'tcp'] as const)
    test(`by SIGKILL: workers end with code 7, and remove the folder of sockets or keys: ${transport}`, async () => {
      await withLongRun({ transport }, async (run) => {
        await run.line('step', ({ step }) => step === 3);
        run.process.kill('SIGKILL');
        assert.equal(await run.exit(), 'SIGKILL');
        await run.nothingIsLeft();
        for (const slot of [0, 1]) {
          assert.equal(linesOf(run, slot).length, 1, linesOf(run, slot).join('\n'));
          assert.match(
            linesOf(run, slot)[0]!,
            /^COORDINATOR_LOST: Lost the coordinator: process \d+, which started the run, is gone\./,
          );
        }
      });
    });

  test('while a main thread is blocked: the comm thread ends the process, with its line', async () => {
    await withLongRun({ fault: { kind: 'hang', slot: 1, step: 3 } }, async (run) => {
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

describe('a worker that does not fit', SIDE_BY_SIDE, () => {
  test('with another configuration is refused before the first step, with both values', async () => {
    await withLongRun({ fault: { kind: 'other-config', slot: 1, step: 0 } }, async (run) => {
      assert.equal(await run.exit(), 6);
      const line =
        /^REPLICAS_DIFFER: Cannot start the run: the configuration differs: the coordinator config, .*worker 1 another/;
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
        /^REPLICAS_DIFFER: Step 1 differs between workers: the sum "loss": worker \d -?[\d.]+, worker/,
      );
    });
  });
});
