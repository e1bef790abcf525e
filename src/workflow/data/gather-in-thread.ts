/** Gathers the values of a large import in a thread of its own, while this thread writes what it has. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { errorOfFailure, type Failure } from '../../core/failure.ts';
import type { ValueGatherer } from '../../data/format/gather-values.ts';
import type { ValueSummary } from '../../data/format/value-statistics.ts';
import type { StoredValues } from '../../data/format/values.ts';
import {
  batchOf,
  gatherHere,
  type SpilledRow,
  type SpillGatherer,
} from '../../importer/build/gather-spilled.ts';
import type { SpilledBatch, SpillShape } from '../../importer/build/spilled-values.ts';
import { startThread } from '../../launch/program.ts';

/** Values of this size are worth the start of a thread. */
const THREAD_BYTES = 16 * 2 ** 20;

/** What the thread is asked, in this order: to begin, the next rows, the statistics. */
export type GatherRequest =
  | { readonly shape: SpillShape }
  | { readonly batch: SpilledBatch }
  | 'finish';

/** What it answers to all but the first, in the same order. */
export type GatherReply =
  | { readonly values: StoredValues }
  | { readonly summary: ValueSummary }
  | { readonly failure: Failure };

/** Small imports are gathered here. */
export const gatherInThread = (): SpillGatherer => new ThreadGatherer();

/** Its thread loads while the rest of the source is read. */
class ThreadGatherer implements SpillGatherer {
  #thread: GatherThread | undefined;

  expect(sizeBytes: number): void {
    if (sizeBytes >= THREAD_BYTES) this.#thread ??= new GatherThread();
  }

  begin(shape: SpillShape): ValueGatherer<SpilledRow> {
    if (this.#thread === undefined) return gatherHere().begin(shape);
    this.#thread.begin(shape);
    return this.#thread;
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }
}

class GatherThread implements ValueGatherer<SpilledRow> {
  readonly #thread: Worker;
  /** Rejects when the thread fails by itself, at any time. */
  readonly #failure: Promise<never>;

  constructor() {
    this.#thread = startThread(new URL('./gather-thread.ts', import.meta.url), undefined);
    this.#failure = once(this.#thread, 'error').then(([error]) => {
      throw error;
    });
    this.#failure.catch(() => {});
  }

  begin(shape: SpillShape): void {
    this.#send({ shape });
  }

  async gather(rows: readonly SpilledRow[]): Promise<StoredValues> {
    const reply = await this.#ask({ batch: batchOf(rows) });
    return (reply as { values: StoredValues }).values;
  }

  async finish(): Promise<ValueSummary> {
    return ((await this.#ask('finish')) as { summary: ValueSummary }).summary;
  }

  async terminate(): Promise<void> {
    await this.#thread.terminate();
  }

  #send(request: GatherRequest): void {
    this.#thread.postMessage(request);
  }

  async #ask(request: GatherRequest): Promise<GatherReply> {
    this.#send(request);
    const [reply] = await Promise.race([once(this.#thread, 'message'), this.#failure]);
    const answer = reply as GatherReply;
    if ('failure' in answer) throw errorOfFailure(answer.failure);
    return answer;
  }
}
