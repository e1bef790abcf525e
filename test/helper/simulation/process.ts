/**
 * A simulated worker process: the real participant and the real way of taking part, with a state that is a hash of
 * all sums so far, on a simulated network and clock.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { leavesOfStep, reduceInputOf, treeSum } from '../../../src/bench/faults/leaves.ts';
import type { Frame, Peer, Transport } from '../../../src/collective/transport/transport.ts';
import { UnsharedMemory } from '../../../src/collective/transport/unshared-memory.ts';
import { LockstepError } from '../../../src/core/errors.ts';
import { failure } from '../../../src/core/failure.ts';
import type { Boundary, CoordinatorMessage, WorkerBody } from '../../../src/protocol/messages.ts';
import { HEARTBEAT_MS, TICK_MS } from '../../../src/protocol/timing.ts';
import { Participant } from '../../../src/worker/comm/participant.ts';
import type { Comm, Membership } from '../../../src/worker/comm.ts';
import { plainJson } from '../../../src/worker/comm.ts';
import type { Replica } from '../../../src/worker/replica.ts';
import { runReplica } from '../../../src/worker/replica.ts';
import { FrameInbox } from '../frame-inbox.ts';
import type { Network } from './network.ts';
import type { World } from './world.ts';

/** What the simulated run trains. */
export interface SimulatedWork {
  readonly totalSteps: number;
  readonly microBatches: number;
  readonly length: number;
  /** See `Transport`. */
  readonly smallFloats: number;
  /** An evaluation, a second all-reduce, each so many steps. */
  readonly evaluateEvery: number;
  readonly saveEvery: number;
  /** The longest that a worker computes its part of a step. */
  readonly stepMs: number;
}

/** What every process of the run can reach. */
export interface Surroundings {
  readonly world: World;
  readonly network: Network;
  readonly work: SimulatedWork;
  /** The host that a slot is on. */
  readonly hostOf: (slot: number) => string;
  /** By data endpoint. */
  readonly endpoints: Map<string, SimulatedProcess>;
  readonly disk: { saved: SavedState | null };
  /** Whether the disk is to be seen from a slot's host: who reads or writes it elsewhere spoils the run. */
  readonly seesDisk: (slot: number) => boolean;
  /** Times that a state was lost and read from the disk again. */
  readonly onSetback: () => void;
  readonly toCoordinator: (from: SimulatedProcess, body: WorkerBody, generation: number) => void;
  readonly onExit: (process: SimulatedProcess, code: number | null) => void;
}

export interface SavedState {
  readonly step: number;
  readonly evaluated: boolean;
  readonly hash: string;
}

const COORDINATOR_WAIT_MS = 60_000;
const SPOILT: SavedState = { step: 0, evaluated: true, hash: 'not of this disk' };
/** States are compared after each so many steps. */
const COMPARED_EVERY = 3;
const START: SavedState = { step: 0, evaluated: true, hash: '' };

export class SimulatedProcess {
  readonly name: string;
  readonly slot: number;
  readonly attempt: number;
  readonly #around: Surroundings;
  readonly #participant: Participant;
  readonly comm: Comm;
  readonly #transport: SimulatedTransport;
  /** What would have happened while it was stopped. */
  readonly #held: (() => void)[] = [];
  #isStopped = false;
  #isAlive = true;
  #lastHeardMs: number;
  #step = 0;

  constructor(around: Surroundings, slot: number, attempt: number) {
    this.name = `worker-${slot}-${attempt}`;
    this.slot = slot;
    this.attempt = attempt;
    this.#around = around;
    this.#lastHeardMs = around.world.nowMs;
    this.#transport = new SimulatedTransport(this, around);
    this.#participant = new Participant({
      run: 'simulated',
      slot,
      pid: 1,
      host: around.hostOf(slot),
      transport: this.#transport,
      reduceDeadlineMs: 2 ** 31 - 1,
      nowMs: () => around.world.nowMs,
      send: (body, generation) => this.#send(body, generation),
      askMainThread: () => this.#participant.mainThreadAnswered(),
      onRegroup: () => {},
      onAbort: () => {},
    });
    this.#every(HEARTBEAT_MS, () =>
      this.#send(this.#participant.heartbeat(), this.#participant.state.generation),
    );
    this.#every(TICK_MS, () => this.#checkLifeline());
    this.comm = this.#openComm();
    const training = new SimulatedTraining(this, around);
    runReplica(this.comm, { configHash: 'c', dataHash: 'd', fingerprint: 'f' }, training).then(
      () => this.#exit(0),
      (thrown: unknown) => this.#onError(thrown),
    );
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Runs `event` now, after the end of a stop, or never. */
  happens(event: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isStopped) this.#held.push(event);
    else event();
  }

  received(message: CoordinatorMessage): void {
    this.happens(() => {
      this.#lastHeardMs = this.#around.world.nowMs;
      this.#participant.received(message);
    });
  }

  arrived(frame: Frame): void {
    this.happens(() => this.#transport.deliver(frame));
  }

  /** SIGSTOP, and SIGCONT after so long. */
  stop(ms: number): void {
    this.#isStopped = true;
    this.#around.world.after(ms, () => {
      this.#isStopped = false;
      // What came meanwhile is read before a clock is looked at.
      this.#lastHeardMs = this.#around.world.nowMs;
      for (const event of this.#held.splice(0)) this.happens(event);
    });
  }

  /** SIGKILL. */
  kill(): void {
    if (this.#isAlive) this.#exit(null);
  }

  async sleep(ms: number): Promise<void> {
    await this.#around.world.sleep(ms);
    await new Promise<void>((resolve) => this.happens(resolve));
  }

  #exit(code: number | null): void {
    this.#isAlive = false;
    // Ends what still waits, so that nothing of it is left in the real process.
    this.#participant.broke(failure('UNEXPECTED', 'The simulated process is gone.', ''));
    void this.#transport.close();
    this.#around.onExit(this, code);
  }

  #onError(thrown: unknown): void {
    if (!this.#isAlive) return;
    const isExpected = thrown instanceof LockstepError && thrown.code === 'COORDINATOR_LOST';
    // Anything else is a defect, though a restart might hide it.
    if (isExpected) this.#exit(thrown.exitCode);
    else this.#around.world.fail(thrown);
  }

  #every(ms: number, action: () => void): void {
    const again = (): void => {
      if (!this.#isAlive) return;
      this.happens(action);
      this.#around.world.after(ms, again);
    };
    this.#around.world.after(this.#around.world.between(0, ms), again);
  }

  #checkLifeline(): void {
    if (this.#around.world.nowMs - this.#lastHeardMs <= COORDINATOR_WAIT_MS) return;
    this.#participant.broke(failure('COORDINATOR_LOST', 'Lost the coordinator.', ''));
  }

  #send(body: WorkerBody, generation: number): void {
    if (this.#isAlive) this.#around.toCoordinator(this, body, generation);
  }

  #openComm(): Comm {
    const participant = this.#participant;
    return {
      join: (request) => participant.join(request),
      reportBoundary: (boundary) => participant.reportBoundary(boundary),
      receiveState: () => participant.receiveState(),
      sendState: (snapshot) => participant.sendState(snapshot),
      ready: (info) => {
        this.#step = info.step;
        return participant.ready(info);
      },
      awaitLease: (step) => participant.awaitLease(step),
      checkMembership: () => participant.checkMembership(),
      allReduce: (input) => participant.allReduce(input),
      offer: (shape, subtree) => participant.offer(shape, subtree),
      stepDone: ({ step, sums, stateHash, report }) => {
        const said = { step, sums: { ...sums }, ...(stateHash !== undefined && { stateHash }) };
        participant.say({ kind: 'stepDone', ...said, report: plainJson(report) });
        this.#step = step + 1;
      },
      event: (payload) =>
        participant.say({ kind: 'event', step: this.#step, payload: plainJson(payload) }),
      result: (payload) =>
        participant.say({ kind: 'result', step: this.#step, payload: plainJson(payload) }),
      finish: (info) => participant.finish({ kind: 'finished', ...info }),
      fail: async () => {},
      aborted: participant.aborted,
      close: async () => {},
    };
  }
}

class SimulatedTransport extends UnsharedMemory implements Transport {
  readonly frameFloats = 16;
  readonly smallFloats: number;
  readonly gateCounts = null;
  readonly #process: SimulatedProcess;
  readonly #around: Surroundings;
  readonly #peers = new Map<number, string>();
  readonly #inbox = new FrameInbox();

  constructor(process: SimulatedProcess, around: Surroundings) {
    super();
    this.#process = process;
    this.#around = around;
    this.smallFloats = around.work.smallFloats;
  }

  wantsChecksum(): boolean {
    return true;
  }

  async bind(): Promise<string> {
    this.#around.endpoints.set(this.#process.name, this.#process);
    return this.#process.name;
  }

  async connect(peers: readonly Peer[]): Promise<void> {
    this.#peers.clear();
    for (const { rank, endpoint } of peers) this.#peers.set(rank, endpoint);
  }

  async send(rank: number, { header, payload }: Frame): Promise<void> {
    const endpoint = this.#peers.get(rank);
    if (endpoint === undefined || !this.#process.isAlive) return;
    const { network } = this.#around;
    const copy = { header: network.carried(header), payload: network.carried(payload) };
    network.send(this.#process.name, endpoint, () =>
      this.#around.endpoints.get(endpoint)?.arrived(copy),
    );
  }

  deliver(frame: Frame): void {
    this.#inbox.push(frame);
  }

  frames(): AsyncIterable<Frame> {
    return this.#inbox.frames();
  }

  async close(): Promise<void> {
    this.#inbox.close();
  }
}

class SimulatedTraining implements Replica<void> {
  readonly #process: SimulatedProcess;
  readonly #around: Surroundings;
  #state: SavedState | null = null;

  constructor(process: SimulatedProcess, around: Surroundings) {
    this.#process = process;
    this.#around = around;
  }

  returnToBoundary(): Boundary | null {
    if (this.#state === null) return null;
    return { step: this.#state.step, evaluated: this.#state.evaluated };
  }

  async loadFromDisk({ again }: { again: boolean }): Promise<void> {
    await this.#process.sleep(this.#around.world.between(1, 20));
    if (again) this.#around.onSetback();
    this.#state = this.#seesDisk ? (this.#around.disk.saved ?? START) : SPOILT;
  }

  load(snapshot: Uint8Array): void {
    this.#state = JSON.parse(Buffer.from(snapshot).toString()) as SavedState;
  }

  snapshot(): Uint8Array {
    const text = JSON.stringify(this.#state);
    return new Uint8Array(Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4)));
  }

  stateHash(): string {
    return this.#state!.hash;
  }

  async train(membership: Membership): Promise<void> {
    const { totalSteps } = this.#around.work;
    if (this.#state!.step > 0) await this.#finishStep(membership);
    while (this.#state!.step < totalSteps) {
      if ((await this.#comm.awaitLease(this.#state!.step)) === 'drain') break;
      await this.#trainStep(membership);
      await this.#finishStep(membership);
    }
    const { step, hash } = this.#state!;
    const reason = step < totalSteps ? 'drained' : 'completed';
    await this.#comm.finish({ step, stateHash: hash, reason });
  }

  get #seesDisk(): boolean {
    return this.#around.seesDisk(this.#process.slot);
  }

  get #comm(): Comm {
    return this.#process.comm;
  }

  async #trainStep(membership: Membership): Promise<void> {
    const { step } = this.#state!;
    const { sum, evaluateEvery } = await this.#reduce(membership, step);
    const hash = nextHash(this.#state!.hash, sum);
    this.#state = { step: step + 1, hash, evaluated: (step + 1) % evaluateEvery !== 0 };
    const stateHash = step % COMPARED_EVERY === 0 ? hash : undefined;
    this.#comm.stepDone({ step, sums: { loss: sum[0]! }, stateHash, report: {} });
  }

  async #finishStep(membership: Membership): Promise<void> {
    const { step, evaluated } = this.#state!;
    const { saveEvery } = this.#around.work;
    if (!evaluated) {
      const { sum } = await this.#reduce(membership, evaluationOf(step));
      this.#state = { step, hash: nextHash(this.#state!.hash, sum), evaluated: true };
      this.#comm.result({ kind: 'evaluation', value: sum[0] });
    }
    if (membership.rank !== 0 || step % saveEvery !== 0) return;
    const state = this.#state!;
    await this.#process.sleep(this.#around.world.between(1, 30));
    if (this.#seesDisk) this.#around.disk.saved = state;
    else this.#state = SPOILT;
  }

  /** The leaves of a step, real ones, summed by the real exchange: every rank must get the plain tree's bits. */
  async #reduce({ rank, worldSize }: Membership, step: number) {
    const { microBatches, length, evaluateEvery, stepMs } = this.#around.work;
    const { leaves, expected } = stepOf(step, microBatches, length);
    await this.#process.sleep(this.#around.world.between(1, stepMs));
    this.#comm.checkMembership();
    const input = reduceInputOf(rank, worldSize, step, leaves);
    for (const subtree of input.subtrees.slice(0, -1)) {
      this.#comm.offer(input, subtree);
      await this.#process.sleep(this.#around.world.between(0, 20));
      this.#comm.checkMembership();
    }
    const sum = await this.#comm.allReduce(input);
    try {
      assert.deepEqual(sum, expected, `the sum of step ${step} on ${this.#process.name}`);
    } catch (thrown) {
      this.#around.world.fail(thrown);
    }
    return { sum, evaluateEvery };
  }
}

/** An evaluation's sums are those of a step of its own. */
const evaluationOf = (step: number): number => 1_000_000 + step;

const cache = new Map<string, { leaves: Float32Array[]; expected: Float32Array }>();

function stepOf(step: number, microBatches: number, length: number) {
  const key = `${step} ${microBatches} ${length}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const leaves = leavesOfStep(step, microBatches, length);
  const made = { leaves, expected: treeSum(leaves) };
  cache.set(key, made);
  return made;
}

function nextHash(hash: string, sum: Float32Array): string {
  return createHash('sha256').update(hash).update(sum).digest('hex');
}

/** The state that an undisturbed run ends with, computed without any worker. */
export function undisturbedHash(work: SimulatedWork): string {
  const { totalSteps, microBatches, length, evaluateEvery } = work;
  let hash = '';
  for (let step = 0; step < totalSteps; step++) {
    hash = nextHash(hash, stepOf(step, microBatches, length).expected);
    if ((step + 1) % evaluateEvery !== 0) continue;
    hash = nextHash(hash, stepOf(evaluationOf(step + 1), microBatches, length).expected);
  }
  return hash;
}
