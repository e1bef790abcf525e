/** Whether a coordinator process lives, by what it says. The clock is passed in. */
import { STALL_MS, START_UP_MS, TICK_MS } from '../../protocol/timing.ts';

export class Pulse {
  readonly #silenceMs: number;
  #hasSpoken = false;
  #lastHeardMs: number;
  #lastCheckMs: number;

  /** @param silenceMs a coordinator that has spoken counts as lost after so long without a word */
  constructor(silenceMs: number, nowMs: number) {
    this.#silenceMs = silenceMs;
    this.#lastHeardMs = nowMs;
    this.#lastCheckMs = nowMs;
  }

  /** The coordinator said something. */
  heard(nowMs: number): void {
    this.#hasSpoken = true;
    this.#lastHeardMs = nowMs;
  }

  /**
   * Why the coordinator counts as lost; null while it does not. Call it every `TICK_MS`: the time in which this process
   * itself was stopped does not count.
   */
  check(nowMs: number): string | null {
    if (nowMs - this.#lastCheckMs > TICK_MS + STALL_MS) this.#lastHeardMs = nowMs;
    this.#lastCheckMs = nowMs;
    const limitMs = this.#hasSpoken ? this.#silenceMs : START_UP_MS;
    if (nowMs - this.#lastHeardMs <= limitMs) return null;
    return this.#hasSpoken
      ? `said nothing for ${limitMs} ms`
      : `had not started within ${limitMs} ms`;
  }
}
