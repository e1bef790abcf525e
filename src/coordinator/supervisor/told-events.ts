/** Events that the run's reader had before the journal that has them came: a successor tells them again. */
import type { RunEvent } from '../../telemetry/run-event.ts';

export class ToldEvents {
  /** Keys of what was told since the last journal. */
  #sinceJournal = new Set<string>();
  /** Of coordinators that were lost, until it is told again. */
  #ofLost = new Set<string>();

  /** Whether the reader has this event of a coordinator that was lost. */
  isRepeated(event: RunEvent): boolean {
    if (!('step' in event)) return false;
    const key = `${event.step} ${event.kind}`;
    this.#sinceJournal.add(key);
    return this.#ofLost.delete(key);
  }

  journalCame(): void {
    this.#sinceJournal.clear();
  }

  coordinatorWasLost(): void {
    this.#ofLost = new Set([...this.#ofLost, ...this.#sinceJournal]);
    this.#sinceJournal.clear();
  }
}
