/** `Comm` of a run in one process: no sockets, no thread, every step leased. A signal drains it, or ends it before its first step. */
import { AllReduce } from '../../collective/all-reduce.ts';
import type { ReduceInput } from '../../collective/exchange-round.ts';
import { LockstepError } from '../../core/errors.ts';
import { codeOfSignal, type StopSignal, type WatchSignals } from '../../core/stop-signal.ts';
import type { CoordinatorEvent } from '../../telemetry/coordinator-event.ts';
import { skippedStepWarnings } from '../../telemetry/skipped-step.ts';
import type { Comm, Membership, StepReport } from '../comm.ts';
import { plainJson } from '../comm.ts';

const ONLY_PLACE: Membership = {
  rank: 0,
  worldSize: 1,
  generation: 1,
  origin: { kind: 'disk', again: false },
  receivers: [],
};

export interface LocalComm extends Comm {
  /** The signal that drains the run, if one came. */
  readonly stopSignal: StopSignal | null;
}

export interface LocalCommOptions {
  /** Gets what a coordinator would tell of such a run. */
  readonly onEvent: (event: CoordinatorEvent) => void;
  readonly watchSignals: WatchSignals;
  /** The run ends before this global step; after its last when absent. */
  readonly stopBefore?: number | undefined;
}

export function openLocalComm(options: LocalCommOptions): LocalComm {
  return new OneProcess(options);
}

class OneProcess implements LocalComm {
  readonly #onEvent: (event: CoordinatorEvent) => void;
  readonly #abort = new AbortController();
  readonly #allReduce: AllReduce;
  readonly #stopBefore: number;
  #step = 0;
  #hasRun = false;
  #stopSignal: StopSignal | null = null;
  readonly #unwatchSignals: () => void;

  constructor({ onEvent, watchSignals, stopBefore = Number.POSITIVE_INFINITY }: LocalCommOptions) {
    this.#onEvent = onEvent;
    this.#stopBefore = stopBefore;
    this.#allReduce = new AllReduce({
      rank: 0,
      worldSize: 1,
      run: 'local',
      generation: 1,
      transport: null,
      deadlineMs: 60_000,
      signal: this.#abort.signal,
    });
    this.#unwatchSignals = watchSignals((signal) => this.#onSignal(signal));
  }

  get aborted(): AbortSignal {
    return this.#abort.signal;
  }

  get stopSignal(): StopSignal | null {
    return this.#stopSignal;
  }

  async join(): Promise<Membership> {
    this.#abort.signal.throwIfAborted();
    return ONLY_PLACE;
  }

  async reportBoundary(): Promise<Membership> {
    throw new Error('the membership of one process never changes');
  }

  async receiveState(): Promise<Uint8Array> {
    throw new Error('one process has no peer');
  }

  async sendState(): Promise<void> {}

  checkMembership(): void {
    this.#abort.signal.throwIfAborted();
  }

  async ready({ step }: { step: number }): Promise<void> {
    this.#abort.signal.throwIfAborted();
    this.#step = step;
    this.#hasRun = true;
    this.#onEvent({ kind: 'status', text: `the run starts at step ${step}` });
  }

  async awaitLease(step: number): Promise<'run' | 'drain'> {
    // Signals are delivered between turns of the event loop, which synchronous steps would never give way to.
    await new Promise((resolve) => setImmediate(resolve));
    this.#abort.signal.throwIfAborted();
    if (this.#stopSignal === null) return step < this.#stopBefore ? 'run' : 'drain';
    const text = `${this.#stopSignal}: the run stops before step ${step}`;
    this.#onEvent({ kind: 'status', text });
    return 'drain';
  }

  async allReduce(input: ReduceInput): Promise<Float32Array> {
    return await this.#allReduce.reduce(input);
  }

  offer(): void {}

  stepDone({ step, sums, report }: StepReport): void {
    this.#step = step + 1;
    const done = { kind: 'step', step, sums, reports: [plainJson(report)] } as const;
    this.#onEvent(done);
    for (const text of skippedStepWarnings(done)) {
      this.#onEvent({ kind: 'status', text, isWarning: true });
    }
  }

  event(payload: Readonly<Record<string, unknown>>): void {
    this.#onEvent({ kind: 'event', rank: 0, step: this.#step, payload: plainJson(payload) });
  }

  result(payload: Readonly<Record<string, unknown>>): void {
    this.event(payload);
  }

  async finish(): Promise<void> {
    this.#abort.signal.throwIfAborted();
  }

  async fail(error: LockstepError): Promise<void> {
    this.#abort.abort(error);
  }

  async close(): Promise<void> {
    this.#unwatchSignals();
  }

  #onSignal(signal: StopSignal): void {
    const first = this.#stopSignal === null;
    this.#stopSignal ??= signal;
    if (!this.#hasRun) {
      this.#end(codeOfSignal(signal), `${signal} came before the first step.`, 'Nothing was lost.');
    } else if (!first && signal === 'SIGINT') {
      const message = 'The run was interrupted twice.';
      this.#end('INTERRUPTED', message, 'Resume from the last checkpoint.');
    }
  }

  #end(...reason: ConstructorParameters<typeof LockstepError>): void {
    this.#abort.abort(new LockstepError(...reason));
  }
}
