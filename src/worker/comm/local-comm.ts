/** `Comm` of a run in one process: no sockets, no thread, every step leased. A signal drains it. */
import { AllReduce } from '../../collective/all-reduce.ts';
import type { ReduceInput } from '../../collective/exchange-round.ts';
import { LockstepError } from '../../core/errors.ts';
import type { StopSignal } from '../../core/stop-signal.ts';
import { STOP_SIGNALS } from '../../core/stop-signal.ts';
import type { RunEvent } from '../../telemetry/run-event.ts';
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

/** @param onEvent gets what a coordinator would tell of such a run. */
export function openLocalComm(onEvent: (event: RunEvent) => void = () => {}): LocalComm {
  return new OneProcess(onEvent);
}

class OneProcess implements LocalComm {
  readonly #onEvent: (event: RunEvent) => void;
  readonly #abort = new AbortController();
  readonly #allReduce: AllReduce;
  #step = 0;
  #stopSignal: StopSignal | null = null;

  constructor(onEvent: (event: RunEvent) => void) {
    this.#onEvent = onEvent;
    this.#allReduce = new AllReduce({
      rank: 0,
      worldSize: 1,
      run: 'local',
      generation: 1,
      transport: null,
      deadlineMs: 60_000,
      signal: this.#abort.signal,
    });
    for (const signal of STOP_SIGNALS) process.on(signal, this.#onSignal);
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
    this.#onEvent({ kind: 'status', text: `the run starts at step ${step}` });
  }

  async awaitLease(step: number): Promise<'run' | 'drain'> {
    // Signals are delivered between turns of the event loop, which synchronous steps would never give way to.
    await new Promise((resolve) => setImmediate(resolve));
    this.#abort.signal.throwIfAborted();
    if (this.#stopSignal === null) return 'run';
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
    for (const signal of STOP_SIGNALS) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const first = this.#stopSignal === null;
    this.#stopSignal ??= signal as StopSignal;
    if (first || signal !== 'SIGINT') return;
    const message = 'The run was interrupted twice.';
    this.#abort.abort(
      new LockstepError('INTERRUPTED', message, 'Resume from the last checkpoint.'),
    );
  };
}
