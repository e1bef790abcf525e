/**
 * Connections between real processes over tcp that are delayed, held back, half-open, cut or refused: the run goes
 * on or forms anew, ends in the undisturbed state, and its log says which connection it was. No process is left.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expectedState, FakeRunProcess } from '../../src/bench/faults/fake-run.ts';
import { pause } from '../../src/bench/faults/inject.ts';
import { FaultyNetwork, type WorkerLinks } from '../../src/bench/faults/network.ts';
import { deadline, slowness } from '../helper/slowness.ts';

/** Each connection over both in the long form (npm run test:faults); the short one has the encrypted one of real runs. */
const TRANSPORTS =
  process.env.LOCKSTEP_FAULTS === undefined
    ? (['tcp'] as const)
    : (['insecure-tcp', 'tcp'] as const);
/** Most of each test is waiting. */
const SIDE_BY_SIDE = { concurrency: 4 };
/** All wait for so long before new connections are made. */
const QUIET_MS = deadline(1_500);
/** A process that comes anew must find the run still going, however slow this machine is. */
const STEP_MS = Math.ceil(20 * slowness());
const MANY_STEPS = 250;
/** The worker whose links are injected. */
const VICTIM = 1;

interface Case {
  readonly transport: 'insecure-tcp' | 'tcp';
  readonly workers?: number;
  readonly totalSteps?: number;
  readonly maxRestarts?: number;
  readonly quietMs?: number;
}

/** Injects a fault into a run that is under way; it must end as an undisturbed one does. Returns it with its log. */
async function runWith(
  { transport, workers = 2, totalSteps = 60, maxRestarts = 3, quietMs }: Case,
  inject: (links: WorkerLinks) => void | Promise<void>,
): Promise<{ run: FakeRunProcess; log: string }> {
  const run = new FakeRunProcess(
    {
      ...{ transport, workers, totalSteps, stepMs: STEP_MS, length: 2_000 },
      ...(quietMs !== undefined && { quietMs }),
      elasticity: { maxRestarts, minWorkers: 1 },
    },
    await FaultyNetwork.open(workers),
  );
  try {
    await run.line('step', ({ step }) => step === 3);
    await inject(run.network!.links[VICTIM]!);
    assert.equal(await run.exit(), 0, run.stderr);
    const { outcome } = await run.line('outcome');
    assert.equal(outcome.stateHash, await expectedState(run.run, totalSteps));
    const steps = run.lines.flatMap((line) => (line.kind === 'step' ? [line.step] : []));
    const wrong = steps.findIndex((step, index) => step !== index);
    assert.equal(wrong, -1, `steps in the order told: … ${steps.slice(wrong - 3, wrong + 3)} …`);
    assert.equal(steps.length, totalSteps);
    await run.nothingIsLeft();
    const texts = run.lines.flatMap((line) => (line.kind === 'status' ? [line.text] : []));
    return { run, log: texts.join('\n') };
  } finally {
    await run.cleanUp();
  }
}

const started = (run: FakeRunProcess) => run.startedPids.length;

for (const transport of TRANSPORTS) {
  describe(`over ${transport}, the connection of a worker to the coordinator`, SIDE_BY_SIDE, () => {
    test('is slow: nothing but time is lost', async () => {
      const { run, log } = await runWith({ transport }, ({ control }) => control.delay(40));
      assert.equal(started(run), 2);
      assert.doesNotMatch(log, /Lost|generation 2/);
    });

    test('carries nothing for less than the silence: the run goes on as before', async () => {
      const { run, log } = await runWith({ transport }, async ({ control }) => {
        control.silence('there', 'back');
        await pause(1_000);
        control.heal();
      });
      assert.equal(started(run), 2);
      assert.doesNotMatch(log, /Lost|generation 2/);
    });

    test('is half-open: the silence is noticed on both sides, and another process comes', async () => {
      const { run, log } = await runWith({ transport, totalSteps: MANY_STEPS }, ({ control }) =>
        control.halfOpen('there', 'back'),
      );
      assert.equal(started(run), 3);
      assert.match(
        log,
        /^Lost worker 1 .* (though its process ran: its connection|no longer heard)/m,
      );
    });

    test('carries nothing to the coordinator any more: the coordinator ends the worker', async () => {
      const { log } = await runWith({ transport }, ({ control }) => control.halfOpen('there'));
      assert.match(
        log,
        /^Lost worker 1 .*: nothing was heard .*, though its process ran: its connection/m,
      );
    });

    test('carries nothing to the worker any more: it says so and is lost, and its keys serve the next', async () => {
      const { log } = await runWith({ transport, totalSteps: MANY_STEPS }, ({ control }) =>
        control.halfOpen('back'),
      );
      assert.match(
        log,
        /^Lost worker 1 .*: it no longer heard the coordinator after \d+ steps, and said so/m,
      );
      assert.match(log, /^generation 3 is formed of workers 0 and 1; the state goes to worker 1$/m);
    });

    test('is cut: it is made anew, and what was lost is done again at once', async () => {
      const { run, log } = await runWith({ transport }, ({ control }) => control.cut());
      assert.equal(started(run), 2);
      assert.match(
        log,
        /^the connection of worker 1 to the coordinator was cut and is there again/m,
      );
    });

    test('is cut and refused for a while: the worker keeps on trying', async () => {
      const { run } = await runWith({ transport }, async ({ control }) => {
        control.refuse();
        control.cut();
        await pause(1_000);
        control.heal();
      });
      assert.equal(started(run), 2);
    });

    test('is cut off for ever: the run goes on without the worker', async () => {
      const { log } = await runWith({ transport, maxRestarts: 0 }, ({ control }) => {
        control.refuse();
        control.cut();
      });
      assert.match(log, /^Lost worker 1 .* It is left out after 0 restarts\.$/m);
    });
  });

  describe(`over ${transport}, the connections of its peers to a worker`, SIDE_BY_SIDE, () => {
    test('are slow: nothing but time is lost', async () => {
      const { run, log } = await runWith({ transport }, ({ data }) => data.delay(40));
      assert.equal(started(run), 2);
      assert.doesNotMatch(log, /Lost|generation 2/);
    });

    test('carry nothing for a while: the step is done when they do', async () => {
      const { run, log } = await runWith({ transport }, async ({ data }) => {
        data.silence('there', 'back');
        await pause(2_000);
        data.heal();
      });
      assert.equal(started(run), 2);
      assert.doesNotMatch(log, /Lost|generation 2/);
    });

    for (const workers of [2, 3]) {
      test(`are half-open, of ${workers - 1}: all wait, the log says for whom, new ones are made`, async () => {
        const only = { transport, workers, quietMs: QUIET_MS };
        const { run, log } = await runWith(only, ({ data }) => data.halfOpen('there', 'back'));
        assert.equal(started(run), workers);
        // What one of two sent may have come before the connections were left.
        const senders = workers === 2 ? 'worker 0' : '(?:workers 0 and 2|worker [02])';
        assert.match(
          log,
          new RegExp(
            `^what ${senders} sent to worker 1 has not come for ${QUIET_MS} ms: generation 2`,
            'm',
          ),
        );
      });
    }

    test('are cut: they are made anew, and what was lost is done again at once', async () => {
      const { run, log } = await runWith({ transport }, ({ data }) => data.cut());
      assert.equal(started(run), 2);
      assert.match(log, /^the connection of worker 0 to worker 1 was cut and is there again/m);
    });
  });
}

describe('a worker that no frame of its peers reaches', () => {
  test('for ever, is given up after three generations, and the others go on', async () => {
    const only = {
      transport: 'insecure-tcp',
      workers: 3,
      maxRestarts: 0,
      quietMs: QUIET_MS,
    } as const;
    const { log } = await runWith(only, ({ data }) => data.silence('there', 'back'));
    assert.match(
      log,
      new RegExp(
        `^Lost worker 1 .*: what workers? 0(?: and 2)? sent to worker 1 has not come for ${QUIET_MS} ms, 3 generations in a row\\. It is left out`,
        'm',
      ),
    );
  });
});
