/** One host makes ready for a start of the run: it looks at the run's folder, or fetches what its workers read. */
import type { MemberMessage } from '../protocol/host-messages.ts';

/** How often the leader hears that it goes on. */
const SAY_MS = 1_000;
const NO_LONGER = new Error('This host no longer makes ready for that start of the run.');

/** Where a host fetches the run that does not see the leader's disk. */
export interface RunSource {
  /** Name of the leader's host, and its address as this host reaches it. */
  readonly host: string;
  readonly address: string;
  readonly secret: Buffer;
  /** Aborts with what ends this host's part in this start of the run. */
  readonly signal: AbortSignal;
  /** Hears how far it is, as often as that changes. */
  readonly onFetched: (doneBytes: number, totalBytes: number) => void;
}

export class Preparation {
  /** Name of the start of the run. */
  readonly run: string;
  readonly source: RunSource;
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #fetched = { doneBytes: 0, totalBytes: 0 };

  /** @param say to the leader, which waits for a host as long as it hears that */
  constructor(
    run: string,
    from: Pick<RunSource, 'host' | 'address' | 'secret'>,
    say: (message: MemberMessage) => void,
  ) {
    this.run = run;
    this.source = {
      ...{ ...from, signal: this.#over.signal },
      onFetched: (doneBytes, totalBytes) => {
        this.#fetched = { doneBytes, totalBytes };
      },
    };
    this.#timer = setInterval(() => say({ kind: 'fetching', ...this.#fetched }), SAY_MS);
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#over.abort(NO_LONGER);
  }
}
