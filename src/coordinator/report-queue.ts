/**
 * Gathers the step reports that arrive in one turn of the event loop, so that the machine takes them in one pass
 * (`reduceReports`): after an all-reduce every worker reports its step at the same moment.
 */
import type { ReportEvent } from './machine.ts';

export class ReportQueue {
  readonly #take: (reports: readonly ReportEvent[]) => void;
  #reports: ReportEvent[] = [];
  #turn: NodeJS.Immediate | null = null;

  /** @param take gets reports of one step, at least one, in the order in which they came */
  constructor(take: (reports: readonly ReportEvent[]) => void) {
    this.#take = take;
  }

  add(report: ReportEvent): void {
    if (this.#reports[0] && this.#reports[0].message.step !== report.message.step) this.flush();
    this.#reports.push(report);
    this.#turn ??= setImmediate(() => this.flush());
  }

  /** Hands out what has come: before anything that came later is looked at. */
  flush(): void {
    if (this.#turn !== null) clearImmediate(this.#turn);
    this.#turn = null;
    const reports = this.#reports;
    this.#reports = [];
    if (reports.length > 0) this.#take(reports);
  }
}
