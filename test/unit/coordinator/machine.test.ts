import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MachineEffect, MachineState } from '../../../src/coordinator/machine.ts';
import { initialMachine, reduceMachine } from '../../../src/coordinator/machine.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { WorkerBody, WorkerMessage } from '../../../src/protocol/messages.ts';
import { fromWorker, helloOf } from '../../helper/messages.ts';

const POLICY = {
  ...{ worldSize: 2, totalSteps: 100, expected: {}, minWorkers: 1, homeWorkers: 0 },
  ...{ maxRestarts: 3, backoffMs: 1_000, healthyMs: 600_000 },
  ...{
    silenceMs: 3_000,
    quietMs: 10_000,
    hangMs: 900_000,
    shortestHangMs: 30_000,
    joinMs: 600_000,
  },
};

/** A run of two workers under way. */
class Run {
  state: MachineState = initialMachine(POLICY, 0);
  effects: readonly MachineEffect[] = [];

  constructor() {
    for (const slot of [0, 1]) this.#hear(slot, helloOf(slot));
    this.form();
  }

  get generation(): number {
    return this.state.membership.generation;
  }

  form(): void {
    for (const slot of [0, 1]) this.say(slot, { kind: 'boundary', at: null });
    for (const slot of [0, 1]) this.say(slot, { kind: 'ready', step: 0, stateHash: 's' });
    assert.equal(this.state.membership.status, 'running');
  }

  say(slot: number, body: WorkerBody, generation = this.generation): void {
    this.#hear(slot, fromWorker(body, 'run#1', generation));
  }

  finishStep(step: number, report: JsonObject = {}): void {
    for (const slot of [0, 1]) this.say(slot, { kind: 'stepDone', step, sums: {}, report });
  }

  /** Of the last message. */
  get statuses(): readonly { text: string; isWarning?: boolean }[] {
    return this.effects.flatMap((effect) => {
      if (effect.kind !== 'event' || effect.event.kind !== 'status') return [];
      const { kind: _, ...status } = effect.event;
      return [status];
    });
  }

  #hear(slot: number, message: WorkerMessage): void {
    const event = { kind: 'message', slot, attempt: 0, message, nowMs: 0 } as const;
    const { state, effects } = reduceMachine(this.state, event);
    this.state = state;
    this.effects = effects;
  }
}

describe('a frame that was damaged on the way', () => {
  test('is a warning and leads to a new generation', () => {
    const run = new Run();
    run.say(1, { kind: 'damaged', sender: 0 });
    assert.deepEqual(run.statuses, [
      {
        text: 'a frame of numbers from worker 0 to worker 1 was damaged on the way',
        isWarning: true,
      },
      { text: 'a frame was damaged: generation 2 is to be formed' },
    ]);
    assert.equal(run.state.membership.status, 'gathering');
  });

  test('of an earlier generation, or from nobody, is ignored', () => {
    const run = new Run();
    run.say(1, { kind: 'damaged', sender: 0 }, 7);
    run.say(1, { kind: 'damaged', sender: 5 });
    assert.deepEqual([run.generation, run.statuses], [1, []]);
  });

  test('ends the run when it comes again and again, and no step is finished meanwhile', () => {
    const run = new Run();
    const damage = (times: number) => {
      for (let i = 0; i < times; i++) {
        run.form();
        run.say(1, { kind: 'damaged', sender: 0 });
      }
    };
    run.say(1, { kind: 'damaged', sender: 0 });
    damage(9);
    run.form();
    run.finishStep(0);
    run.say(1, { kind: 'damaged', sender: 0 });
    damage(9);
    assert.equal(run.state.membership.status, 'gathering');
    damage(1);
    const end = run.effects.find((effect) => effect.kind === 'end');
    assert.ok(end?.kind === 'end');
    assert.equal(end.outcome.error?.code, 'PROTOCOL');
    assert.equal(
      end.outcome.reason,
      'A frame of numbers from worker 0 to worker 1 was damaged on the way, the 11th since a step was finished.',
    );
  });
});

describe('the pace of the steps', () => {
  const timings = { dataMs: 0, computeMs: 3_000, exchangeMs: 0, applyMs: 0 };
  const report = { positions: 1, timings };
  const pacedRun = () => {
    const run = new Run();
    for (let step = 0; step < 10; step++) run.finishStep(step, report);
    return run;
  };

  test('is known after ten steps, and no more when the phase ends', () => {
    const run = pacedRun();
    assert.deepEqual(run.state.membership.pace, { slowestMs: 3_000, deadlineMs: 60_000 });
    run.finishStep(10, { ...report, phaseEnds: true });
    assert.equal(run.state.membership.pace, null);
  });

  test('is learned anew in each generation', () => {
    const run = pacedRun();
    run.say(1, { kind: 'damaged', sender: 0 });
    assert.equal(run.state.membership.pace, null);
    run.form();
    run.finishStep(0, report);
    assert.equal(run.state.membership.pace, null);
  });
});
