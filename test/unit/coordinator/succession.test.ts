import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MachineState } from '../../../src/coordinator/machine.ts';
import { reduceMachine } from '../../../src/coordinator/machine.ts';
import { firstGenerationOf, successor } from '../../../src/coordinator/succession.ts';
import type { WorkerBody } from '../../../src/protocol/messages.ts';
import { fromWorker } from '../../helper/messages.ts';

const POLICY = {
  ...{ worldSize: 2, totalSteps: 100, expected: {}, minWorkers: 1, homeWorkers: 0 },
  ...{ maxRestarts: 3, backoffMs: 1_000, healthyMs: 600_000 },
  ...{ silenceMs: 3_000, quietMs: 10_000, hangMs: 900_000, joinMs: 600_000 },
  shortestHangMs: 30_000,
};

describe('a coordinator that takes over from a host of which no journal has come', () => {
  const processes = [0, 1].map((slot) => ({ slot, attempt: 0, pid: 7, host: 'h2', exit: null }));
  const begun = (epoch?: number): MachineState => {
    const known = { journal: null, processes, awayMs: 3_000 };
    const succession =
      epoch === undefined ? known : { ...known, firstGeneration: firstGenerationOf(epoch) };
    return successor(POLICY, succession, 0);
  };
  const told = (state: MachineState, body: WorkerBody): MachineState => {
    const message = fromWorker(body, 'run#1', 1);
    const event = { kind: 'message', slot: 1, attempt: 0, message, nowMs: 0 } as const;
    return reduceMachine(state, event).state;
  };

  it('believes workers that have done steps of which it never heard', () => {
    const step = { kind: 'stepDone', step: 0, sums: {}, report: {} } as const;
    const state = told(begun(2), step);
    assert.equal(state.membership.status, 'gathering');
    assert.equal(state.progress.closed, 0);
  });

  it('forms no generation of a number that a leader before it may have given', () => {
    // The second leader was lost, too, and its journal with it.
    const [second, third] = [begun(2), begun(3)].map(({ membership }) => membership.generation);
    assert.ok(third! > second! + 10_000, `${third} after ${second}`);
  });

  it('begins anew where the one before, on this host, had decided nothing', () => {
    assert.equal(begun().membership.hasRun, false);
    assert.equal(begun().progress.workers, 0);
  });
});
