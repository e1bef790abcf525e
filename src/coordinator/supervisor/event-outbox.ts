/** Events on their way to a run's reader. It never waits: for a reader that is far behind, events are dropped. */
import type { RunEvent } from '../../telemetry/run-event.ts';

/** Events that wait at most; a step of a fast run takes some milliseconds. */
export const MOST_EVENTS_WAITING = 1_000;

export class EventOutbox {
  readonly #send: (event: RunEvent) => Promise<void>;
  #waiting = 0;
  #dropped = 0;

  /** @param send resolves when the event has left this process */
  constructor(send: (event: RunEvent) => Promise<void>) {
    this.#send = send;
  }

  tell(event: RunEvent): void {
    if (this.#waiting >= MOST_EVENTS_WAITING) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) this.#tellOfDropped();
    this.#sendOne(event);
  }

  #tellOfDropped(): void {
    const text = `${this.#dropped} events were not shown: their reader was too slow.`;
    this.#dropped = 0;
    this.#sendOne({ kind: 'warning', text });
  }

  #sendOne(event: RunEvent): void {
    this.#waiting++;
    void this.#send(event).then(() => {
      this.#waiting--;
    });
  }
}
