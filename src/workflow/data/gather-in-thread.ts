/** Gathers the values of a large import in a thread of its own, while this thread writes what it has. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { errorOfFailure, type Failure } from '../../core/failure.ts';
import type { ValueSummary } from '../../data/format/value-statistics.ts';
import type { StoredValues } from '../../data/format/values.ts';
import {
  batchOf,
  gatherHere,
  type SpilledRow,
  type SpillGatherer,
  type StartGatherer,
} from '../../importer/build/gather-spilled.ts';
import type { SpilledBatch, SpillShape } from '../../importer/build/spilled-values.ts';
import { startThread } from '../../launch/program.ts';

/** Values of this size are worth the start of a thread. */
const THREAD_BYTES = 16 * 2 ** 20;

/** Small imports are gathered here. */
export const gatherInThread: StartGatherer = (shape, sizeBytes) =>
  sizeBytes >= THREAD_BYTES ? new ThreadGatherer(shape) : gatherHere(shape, sizeBytes);

/** What the thread is asked: the next rows, or the statistics. */
export type GatherRequest = { readonly batch: SpilledBatch } | 'finish';

/** What it answers, in the same order. */
export type GatherReply =
  | { readonly values: StoredValues }
  | { readonly summary: ValueSummary }
  | { readonly failure: Failure };

class ThreadGatherer implements SpillGatherer {
  readonly #thread: Worker;
  /** Rejects when the thread fails by itself, at any time. */
  readonly #failure: Promise<never>;

  constructor(shape: SpillShape) {
    this.#thread = startThread(new URL('./gather-thread.ts', import.meta.url), shape);
    this.#failure = once(this.#thread, 'error').then(([error]) => {
      throw error;
    });
    this.#failure.catch(() => {});
  }

  async gather(rows: readonly SpilledRow[]): Promise<StoredValues> {
    const reply = await this.#ask({ batch: batchOf(rows) });
    return (reply as { values: StoredValues }).values;
  }

  async finish(): Promise<ValueSummary> {
    return ((await this.#ask('finish')) as { summary: ValueSummary }).summary;
  }

  async #ask(request: GatherRequest): Promise<GatherReply> {
    this.#thread.postMessage(request);
    const [reply] = await Promise.race([once(this.#thread, 'message'), this.#failure]);
    const answer = reply as GatherReply;
    if ('failure' in answer) throw errorOfFailure(answer.failure);
    return answer;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
