/** The hosts that want to leave the run, as the agent that leads keeps them. Decisions are those of leaves.ts. */
import type { StopSignal } from '../core/stop-signal.ts';
import { decideLeaves, type LeaveRequest, type LeaveSituation, withRequest } from './leaves.ts';

export interface LeavingHooks {
  readonly situation: () => LeaveSituation;
  /** Tells a host that it may go. */
  readonly letGo: (host: number) => void;
  /** Asks a host to make ready to lead. */
  readonly prepare: (host: number) => void;
  /** This host goes, and that one leads next. */
  readonly handOver: (next: number, signal: StopSignal) => void;
  /** Saves and ends the run on all hosts. */
  readonly stop: (signal: StopSignal) => void;
}

export class Leaving {
  readonly #hooks: LeavingHooks;
  #requests: readonly LeaveRequest[] = [];
  /** The run ends, or another host leads: nobody is let go any more. */
  #isOver = false;

  constructor(hooks: LeavingHooks) {
    this.#hooks = hooks;
  }

  /** May be said again and again. */
  ask(host: number, signal: StopSignal): void {
    this.#requests = withRequest(this.#requests, { host, signal, sinceMs: performance.now() });
  }

  /** The signal after which a host was let go; undefined for one that was not. */
  signalOf(host: number): StopSignal | undefined {
    return this.#requests.find((one) => one.host === host && one.isGranted)?.signal;
  }

  /** A host is gone, for whatever reason. */
  gone(host: number): void {
    this.#requests = this.#requests.filter((one) => one.host !== host);
  }

  /** Called again and again. */
  decide(): void {
    if (this.#isOver || this.#requests.length === 0) return;
    const { situation, letGo, prepare, handOver, stop } = this.#hooks;
    const decision = decideLeaves(this.#requests, situation(), performance.now());
    switch (decision.kind) {
      case 'letGo':
        for (const host of decision.hosts) this.#grant(host);
        for (const host of decision.hosts) letGo(host);
        return;
      case 'prepare':
        prepare(decision.next);
        return;
      case 'handOver':
        this.#isOver = true;
        handOver(decision.next, decision.signal);
        return;
      case 'stop':
        this.#isOver = true;
        stop(decision.signal);
        return;
      case 'wait':
    }
  }

  #grant(host: number): void {
    this.#requests = this.#requests.map((one) =>
      one.host === host ? { ...one, isGranted: true } : one,
    );
  }
}
