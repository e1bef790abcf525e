/**
 * A worker without TensorFlow: its gradients are made-up numbers, its state is a hash of all sums so far.
 * argv[2] is the JSON of `FakeRun`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { asLockstepError, LockstepError } from '../../core/errors.ts';
import { writeFailure } from '../../core/file-error.ts';
import type { Boundary } from '../../protocol/messages.ts';
import { openComm } from '../../worker/comm/comm-client.ts';
import type { Membership } from '../../worker/comm.ts';
import { workerIdentity } from '../../worker/identity.ts';
import type { Replica } from '../../worker/replica.ts';
import { runReplica } from '../../worker/replica.ts';
import type { FakeRun } from './fake-run.ts';
import { orderPath, savedPath } from './fake-run.ts';
import type { InjectedName } from './fault-kinds.ts';
import { leavesOfStep, reduceInputOf } from './leaves.ts';

const run = JSON.parse(process.argv[2]!) as FakeRun;
const identity = workerIdentity(process.env);
const fault = run.fault?.slot === identity.slot ? run.fault : undefined;
const comm = openComm(identity, { reduceDeadlineMs: 30_000 });

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Ordered slowness: enough for the medians of twenty steps. */
const SLOW_MS = 100;
const SLOW_STEPS = 30;
const ORDERED: readonly InjectedName[] = ['exit', 'hang', 'nan'];
let slowSteps = 0;
let sumIsWrong = false;

/** A run whose workers are all lost goes on from here. */
const SAVED = savedPath(run);

class FakeTraining implements Replica<void> {
  #step: number | null = null;
  #stateHash = '';

  returnToBoundary(): Boundary | null {
    return this.#step === null ? null : { step: this.#step, evaluated: true };
  }

  async loadFromDisk({ again }: { again: boolean }): Promise<void> {
    const saved = again && existsSync(SAVED) ? readFileSync(SAVED, 'utf8').split(' ') : undefined;
    this.#step = saved === undefined ? run.firstStep : Number(saved[0]);
    this.#stateHash = saved === undefined ? run.firstState : saved[1]!;
  }

  load(snapshot: Uint8Array): void {
    const [step, stateHash] = Buffer.from(snapshot).toString().trim().split(' ');
    this.#step = Number(step);
    this.#stateHash = stateHash ?? '';
  }

  snapshot(): Uint8Array {
    const text = `${this.#step} ${this.#stateHash}`;
    return new Uint8Array(Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4)));
  }

  stateHash(): string {
    return this.#stateHash;
  }

  async train({ rank, worldSize }: Membership): Promise<void> {
    while (this.#step! < run.totalSteps) {
      const step = this.#step!;
      if ((await comm.awaitLease(step)) === 'drain') break;
      if (fault?.step === step && identity.attempt <= (run.fault?.until ?? 0)) {
        await inject(fault.kind);
      }
      await takeOrder();
      const startedMs = performance.now();
      const more = slowSteps > 0 ? SLOW_MS : 0;
      slowSteps = Math.max(0, slowSteps - 1);
      await new Promise((resolve) => setTimeout(resolve, run.stepMs + more));
      const computeMs = performance.now() - startedMs;
      const leaves = leavesOfStep(step, run.microBatches, run.length);
      const sum = await comm.allReduce(reduceInputOf(rank, worldSize, step, leaves));
      this.#stateHash = createHash('sha256').update(this.#stateHash).update(sum).digest('hex');
      this.#step = step + 1;
      const isWrong = sumIsWrong || (fault?.kind === 'wrong-sum' && fault.step === step);
      const sums = { loss: sum[0]! + (isWrong ? 1 : 0) };
      const timings = { dataMs: 0, computeMs, exchangeMs: 0, applyMs: 0 };
      const report = { rank, timings, positions: 1, nothing: undefined, bad: Number.NaN };
      comm.stepDone({ step, sums, report });
      if (rank === 0 && run.saveEverySteps && (step + 1) % run.saveEverySteps === 0) this.#save();
    }
    const step = this.#step!;
    comm.event({ saved: step });
    const reason = step < run.totalSteps ? 'drained' : 'completed';
    await comm.finish({ step, stateHash: this.#stateHash, reason });
    console.log(JSON.stringify({ rank, step, stateHash: this.#stateHash }));
  }

  #save(): void {
    writeFileSync(`${SAVED}.tmp`, `${this.#step} ${this.#stateHash}`);
    renameSync(`${SAVED}.tmp`, SAVED);
  }
}

/** Injects the fault that was ordered from outside. */
async function takeOrder(): Promise<void> {
  const path = orderPath(run, identity.slot);
  if (!existsSync(path)) return;
  const order = readFileSync(path, 'utf8') as InjectedName;
  rmSync(path);
  if (order === 'slow') slowSteps = SLOW_STEPS;
  if (order === 'wrong-sum') sumIsWrong = true;
  if (order === 'malformed-message') comm.stepDone({ step: -1, sums: {}, report: {} });
  if (order === 'full-disk') writeTo('/dev/full');
  if (ORDERED.includes(order)) await inject(order);
}

function writeTo(path: string): void {
  try {
    writeFileSync(path, 'nothing');
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}

async function inject(kind: string): Promise<void> {
  if (kind === 'exit') process.exit(3);
  if (kind === 'stop') process.kill(process.pid, 'SIGSTOP');
  if (kind === 'kill') process.kill(process.pid, 'SIGKILL');
  if (kind === 'hang') block(60_000);
  if (kind === 'nan') throw new LockstepError('NON_FINITE', 'The loss is NaN.', 'Lower the rate.');
  if (kind === 'signal') process.kill(process.pid, 'SIGUSR1');
  if (kind === 'defect') throw new TypeError('x is not a function');
}

try {
  const request = {
    configHash: fault?.kind === 'other-config' ? 'another' : 'config',
    dataHash: 'data',
    fingerprint: 'numbers',
  };
  await runReplica(comm, request, new FakeTraining());
} catch (thrown) {
  const error = asLockstepError(thrown);
  console.error(error.toLine());
  await comm.fail(error);
  process.exitCode = error.exitCode;
} finally {
  await comm.close();
}
