/** Notices that the coordinator is gone: by silence, or at once when it was the parent process. */
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import { SILENCE_MS, STALL_MS, TICK_MS } from '../protocol/timing.ts';

const ADVICE = 'Resume the run from its last checkpoint.';

/** What the lifeline looks at; passed in so that tests need not wait. */
export interface LifelineSenses {
  nowMs(): number;
  parentPid(): number;
}

export class Lifeline {
  readonly #expectedParent: number | null;
  readonly #senses: LifelineSenses;
  #lastHeardMs: number;
  #lastCheckMs: number;

  /** @param expectedParent pid of the coordinator when it started this process, else null. */
  constructor(expectedParent: number | null, senses: LifelineSenses) {
    this.#expectedParent = expectedParent;
    this.#senses = senses;
    this.#lastHeardMs = senses.nowMs();
    this.#lastCheckMs = this.#lastHeardMs;
  }

  /** The coordinator said something. */
  heard(): void {
    this.#lastHeardMs = this.#senses.nowMs();
  }

  /** Why the coordinator counts as lost; null while it does not. To be called every `TICK_MS`. */
  check(): Failure | null {
    const nowMs = this.#senses.nowMs();
    // Messages that came while this process was stopped are still unread: give them another tick.
    if (nowMs - this.#lastCheckMs > TICK_MS + STALL_MS) this.#lastHeardMs = nowMs;
    this.#lastCheckMs = nowMs;
    if (this.#expectedParent !== null && this.#senses.parentPid() !== this.#expectedParent) {
      return lost(`its process ${this.#expectedParent} is gone`);
    }
    if (nowMs - this.#lastHeardMs <= SILENCE_MS) return null;
    return lost(`nothing was heard of it for ${SILENCE_MS} ms`);
  }
}

function lost(why: string): Failure {
  return failure('COORDINATOR_LOST', `Lost the coordinator: ${why}.`, ADVICE);
}
