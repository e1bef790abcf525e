/** Step reports that come together are taken as one after the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MachineState, ReportEvent } from '../../../src/coordinator/machine.ts';
import { initialMachine, reduceMachine, reduceReports } from '../../../src/coordinator/machine.ts';
import { ReportQueue } from '../../../src/coordinator/report-queue.ts';
import type { WorkerBody } from '../../../src/protocol/messages.ts';
import { fromWorker, helloOf } from '../../helper/messages.ts';

const WORKERS = 40;
const POLICY = {
  ...{ worldSize: WORKERS, totalSteps: 100, expected: {}, minWorkers: 1, homeWorkers: 0 },
  ...{ maxRestarts: 3, backoffMs: 1_000, healthyMs: 600_000, silenceMs: 3_000, quietMs: 10_000 },
  ...{ hangMs: 900_000, shortestHangMs: 30_000, joinMs: 600_000 },
};

/** A run under way. */
function running(): MachineState {
  let state = initialMachine(POLICY, 0);
  const slots = [...Array(WORKERS).keys()];
  const say = (body: (slot: number) => WorkerBody) => {
    for (const slot of slots) {
      const message = fromWorker(body(slot), 'run#1', state.membership.generation);
      state = reduceMachine(state, { kind: 'message', slot, attempt: 0, message, nowMs: 0 }).state;
    }
  };
  for (const slot of slots) {
    const event = { kind: 'message', slot, attempt: 0, nowMs: 0, message: helloOf(slot) } as const;
    state = reduceMachine(state, event).state;
  }
  say(() => ({ kind: 'boundary', at: null }));
  say(() => ({ kind: 'ready', step: 0, stateHash: 's' }));
  assert.equal(state.membership.status, 'running');
  return state;
}

const BEGUN = running();

interface Fault {
  readonly at: number;
  readonly change: Partial<Record<'slot' | 'step' | 'attempt' | 'loss', number>>;
}

function report(slot: number, step: number, { change }: Omit<Fault, 'at'> = { change: {} }) {
  const { loss = 1, attempt = 0 } = change;
  const body = { kind: 'stepDone', step: change.step ?? step, sums: { loss } } as const;
  const stateHash = `hash ${step}`;
  const message = fromWorker({ ...body, stateHash, report: { slot } }, 'run#1', 1);
  return {
    kind: 'message',
    slot: change.slot ?? slot,
    attempt,
    message,
    nowMs: slot,
  } as ReportEvent;
}

function oneByOne(before: MachineState, events: readonly ReportEvent[]) {
  let state = before;
  const effects = events.flatMap((event) => {
    const result = reduceMachine(state, event);
    state = result.state;
    return result.effects;
  });
  return { state, effects };
}

const ORDER = fc.shuffledSubarray([...Array(WORKERS).keys()], { minLength: WORKERS });

test('all reports of a step, in groups, give what each alone gives', () => {
  fc.assert(
    fc.property(ORDER, fc.integer({ min: 1, max: WORKERS }), (order, size) => {
      const events = order.map((slot) => report(slot, 0));
      let state = BEGUN;
      const effects = [];
      for (let at = 0; at < events.length; at += size) {
        const together = reduceReports(state, events.slice(at, at + size));
        assert.ok(together !== null);
        state = together.state;
        effects.push(...together.effects);
      }
      assert.deepEqual({ state, effects }, oneByOne(BEGUN, events));
      assert.equal(state.progress.closed, 1);
    }),
  );
});

test('a group with a report that is not awaited is not taken together', () => {
  const faults: Fault['change'][] = [
    { slot: 1 },
    { step: 1 },
    { step: 7 },
    { attempt: 1 },
    { loss: 2 },
  ];
  fc.assert(
    fc.property(ORDER, fc.nat(WORKERS - 1), fc.constantFrom(...faults), (order, at, change) => {
      // A second report of slot 1 is one too many only where it is not that worker's own.
      fc.pre(change.slot === undefined || order[at] !== change.slot);
      const events = order.map((slot, i) => report(slot, 0, { change: i === at ? change : {} }));
      // The first one says which step and which sums those together have.
      fc.pre(at > 0);
      assert.equal(reduceReports(BEGUN, events), null);
    }),
  );
});

test('the queue hands out reports of one step at a time, and none later than what comes after them', async () => {
  const taken: number[][] = [];
  const queue = new ReportQueue((reports) =>
    taken.push(reports.map(({ message }) => message.step)),
  );
  for (const step of [3, 3, 4]) queue.add(report(0, step));
  assert.deepEqual(taken, [[3, 3]]);
  queue.flush();
  assert.deepEqual(taken, [[3, 3], [4]]);
  queue.add(report(0, 5));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(taken, [[3, 3], [4], [5]]);
});
