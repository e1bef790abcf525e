/** Notices that the coordinator is gone: by its silence, or at once when the parent process is gone. */
import type { Failure } from '../../core/failure.ts';
import { failure } from '../../core/failure.ts';
import { SILENCE_MS, STALL_MS, START_UP_MS, TICK_MS } from '../../protocol/timing.ts';

const ADVICE = 'Resume the run from its last checkpoint.';

/** What the lifeline looks at; passed in so that tests need not wait. */
export interface LifelineSenses {
  nowMs(): number;
  parentPid(): number;
}

export class Lifeline {
  readonly #expectedParent: number | null;
  readonly #waitMs: number;
  readonly #senses: LifelineSenses;
  #hasHeard = false;
  #lastHeardMs: number;
  #lastCheckMs: number;

  /**
   * @param expectedParent pid of what supervises this process and the coordinator; null when it is not the parent
   * @param waitMs how long another coordinator is waited for; it counts as silent after `SILENCE_MS` in any case
   */
  constructor(expectedParent: number | null, waitMs: number, senses: LifelineSenses) {
    this.#expectedParent = expectedParent;
    this.#waitMs = Math.max(waitMs, SILENCE_MS);
    this.#senses = senses;
    this.#lastHeardMs = senses.nowMs();
    this.#lastCheckMs = this.#lastHeardMs;
  }

  /** The coordinator said something. */
  heard(): void {
    this.#hasHeard = true;
    this.#lastHeardMs = this.#senses.nowMs();
  }

  /** For how long nothing was heard, when that is longer than `SILENCE_MS`; else null. */
  get unheardMs(): number | null {
    const ms = Math.round(this.#senses.nowMs() - this.#lastHeardMs);
    return ms > SILENCE_MS ? ms : null;
  }

  /** Why the coordinator counts as lost; null while it does not. To be called every `TICK_MS`. */
  check(): Failure | null {
    const nowMs = this.#senses.nowMs();
    // Messages that came while this process was stopped are still unread: give them another tick.
    if (nowMs - this.#lastCheckMs > TICK_MS + STALL_MS) this.#lastHeardMs = nowMs;
    this.#lastCheckMs = nowMs;
    if (this.#expectedParent !== null && this.#senses.parentPid() !== this.#expectedParent) {
      return lost(`process ${this.#expectedParent}, which started the run, is gone`);
    }
    // Connecting takes its time on a busy machine, as loading does.
    const limitMs = this.#hasHeard ? this.#waitMs : Math.max(this.#waitMs, START_UP_MS);
    if (nowMs - this.#lastHeardMs <= limitMs) return null;
    return lost(`nothing was heard of it for ${limitMs} ms`);
  }
}

function lost(why: string): Failure {
  return failure('COORDINATOR_LOST', `Lost the coordinator: ${why}.`, ADVICE);
}
