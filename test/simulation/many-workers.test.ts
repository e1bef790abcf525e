/** 1 000 workers, or LOCKSTEP_WORKERS of them, without their exchange: the coordinator's machine and the workers' side of the protocol. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CoordinatorOutcome,
  MachineEvent,
  MachineState,
  MachineTransition,
  ReportEvent,
} from '../../src/coordinator/machine.ts';
import { initialMachine, reduceMachine, reduceReports } from '../../src/coordinator/machine.ts';
import { ReportQueue } from '../../src/coordinator/report-queue.ts';
import type {
  CoordinatorBody,
  CoordinatorMessage,
  WorkerBody,
  WorkerMessage,
} from '../../src/protocol/messages.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/messages.ts';
import type { WorkerEvent, WorkerState } from '../../src/worker/comm/worker-state.ts';
import { INITIAL_WORKER_STATE, reduceWorker } from '../../src/worker/comm/worker-state.ts';

const WORKERS = Number(process.env.LOCKSTEP_WORKERS ?? 1_000);
const STEPS = 40;
/** Messages that zeromq.js hands over in one turn of the event loop at most. */
const MOST_IN_A_TURN = 512;
const ENVELOPE = { protocol: PROTOCOL_VERSION, run: 'many' };

interface Fake {
  readonly slot: number;
  readonly attempt: number;
  state: WorkerState;
  /** Steps that it has applied; null: it has no state. */
  step: number | null;
}

class Crowd {
  readonly fakes = new Map<number, Fake>();
  readonly steps: number[] = [];
  outcome: CoordinatorOutcome | null = null;
  machineMs = 0;
  #state: MachineState;
  #queue: (() => void)[] = [];
  #done = 0;
  #inTurn = 0;
  readonly #reports = new ReportQueue((reports) => this.#takeReports(reports));

  constructor() {
    const policy = {
      worldSize: WORKERS,
      totalSteps: STEPS,
      expected: {},
      minWorkers: 1,
      homeWorkers: 0,
    };
    const times = {
      silenceMs: 3e3,
      quietMs: 1e4,
      hangMs: 1e6,
      shortestHangMs: 3e4,
      joinMs: 1e6,
      healthyMs: 1e6,
    };
    const elastic = { maxRestarts: 3, backoffMs: 1e3 };
    this.#state = initialMachine({ ...policy, ...times, ...elastic }, 0);
    for (let slot = 0; slot < WORKERS; slot++) this.#start(slot, 0);
  }

  run(isOver: () => boolean): void {
    while (!isOver()) {
      const isTurnOver = this.#inTurn === MOST_IN_A_TURN || this.#done === this.#queue.length;
      if (isTurnOver) this.#endTurn();
      this.#inTurn++;
      const next = this.#queue[this.#done++];
      assert.ok(next, 'nothing happens any more, and the run has not ended');
      next();
      // An array's own `shift` moves all that is behind.
      if (2 * this.#done < this.#queue.length) continue;
      this.#queue = this.#queue.slice(this.#done);
      this.#done = 0;
    }
  }

  kill(slot: number): void {
    const { attempt } = this.fakes.get(slot)!;
    this.fakes.delete(slot);
    const status = { code: null, signal: 'SIGKILL', lastLine: '' };
    this.#dispatch({ kind: 'exited', slot, attempt, status, nowMs: 0 });
  }

  #start(slot: number, attempt: number): void {
    const fake: Fake = { slot, attempt, state: INITIAL_WORKER_STATE, step: null };
    this.fakes.set(slot, fake);
    const hashes = { configHash: 'c', dataHash: 'd', fingerprint: 'f' };
    this.#say(fake, {
      ...{ kind: 'hello', slot, pid: 1, dataEndpoint: `e${slot}`, host: 'h' },
      ...hashes,
    });
  }

  #endTurn(): void {
    this.#reports.flush();
    this.#inTurn = 0;
  }

  #dispatch(event: MachineEvent): void {
    this.#reports.flush();
    this.#carryOut(this.#timed(() => reduceMachine(this.#state, event)));
  }

  #takeReports(reports: readonly ReportEvent[]): void {
    const together = this.#timed(() => reduceReports(this.#state, reports));
    if (together !== null) this.#carryOut(together);
    else
      for (const report of reports)
        this.#carryOut(this.#timed(() => reduceMachine(this.#state, report)));
  }

  #timed<Result>(reduce: () => Result): Result {
    const startedMs = performance.now();
    const result = reduce();
    this.machineMs += performance.now() - startedMs;
    return result;
  }

  #carryOut({ state, effects }: MachineTransition): void {
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(effect.slot, effect.body);
      if (effect.kind === 'launch') this.#start(effect.slot, effect.attempt);
      if (effect.kind === 'end') this.outcome = effect.outcome;
      if (effect.kind === 'event' && effect.event.kind === 'step')
        this.steps.push(effect.event.step);
    }
  }

  #send(slot: number, body: CoordinatorBody): void {
    const { generation } = this.#state.membership;
    const message = { ...body, ...ENVELOPE, generation } as CoordinatorMessage;
    this.#queue.push(() => {
      const fake = this.fakes.get(slot);
      if (fake !== undefined) this.#reduce(fake, { kind: 'received', message });
    });
  }

  #say(fake: Fake, body: WorkerBody): void {
    this.#reduce(fake, { kind: 'said', body });
  }

  #reduce(fake: Fake, event: WorkerEvent): void {
    const { state, effects } = reduceWorker(fake.state, event);
    fake.state = state;
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const { slot, attempt } = fake;
      const message = {
        ...effect.body,
        ...ENVELOPE,
        generation: state.generation,
      } as WorkerMessage;
      const event = { kind: 'message', slot, attempt, nowMs: 0 } as const;
      this.#queue.push(() => {
        if (message.kind === 'stepDone') this.#reports.add({ ...event, message });
        else this.#dispatch({ ...event, message });
      });
    }
    if (event.kind === 'received') this.#goOn(fake);
  }

  /** What a trainer without numbers does. */
  #goOn(fake: Fake): void {
    const { status, assignment, lease } = fake.state;
    if (status === 'regrouping') {
      const position = fake.step === null ? null : { step: fake.step, evaluated: true };
      this.#say(fake, { kind: 'boundary', at: position });
    }
    if (status === 'loading') {
      const { origin } = assignment!;
      if (origin.kind === 'disk') fake.step = 0;
      if (origin.kind === 'peer') fake.step = this.fakes.get(origin.rank)!.step;
      this.#say(fake, { kind: 'ready', step: fake.step!, stateHash: `s${fake.step}` });
    }
    if (status !== 'running') return;
    for (; fake.step! < lease; fake.step!++) {
      this.#say(fake, {
        kind: 'stepDone',
        step: fake.step!,
        sums: { loss: fake.step! },
        report: {},
      });
    }
    if (fake.step !== STEPS) return;
    this.#say(fake, { kind: 'finished', step: STEPS, stateHash: 'end', reason: 'completed' });
  }
}

test(`${WORKERS} workers run all steps, some of them killed on the way`, (t) => {
  const crowd = new Crowd();
  const times: number[] = [];
  for (let step = 1; step <= 25; step++) {
    const beforeMs = crowd.machineMs;
    crowd.run(() => crowd.steps.length === step);
    times.push(crowd.machineMs - beforeMs);
  }
  const leastMs = Math.min(...times.slice(5));
  t.diagnostic(
    `the machine took ${leastMs.toFixed(2)} ms a step with ${WORKERS} workers (the least of 20)`,
  );
  for (const slot of [WORKERS - 1, 0, WORKERS / 2]) crowd.kill(slot);
  crowd.run(() => crowd.outcome !== null);
  assert.equal(crowd.outcome!.kind, 'completed', crowd.outcome!.reason);
  assert.deepEqual(crowd.steps, [...Array(STEPS).keys()]);
  assert.equal(crowd.fakes.size, WORKERS);
});
