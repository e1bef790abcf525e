/** A simulated clock, and chance that follows from one seed: what happens in a simulation happens again. */
import { randomStream } from '../../../src/core/random.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class World {
  nowMs = 0;
  readonly #random: ReturnType<typeof randomStream>;
  #draws = 0;
  #order = 0;
  /** A binary heap by time, then by order of planning. */
  readonly #heap: Due[] = [];
  #error: unknown;

  constructor(seed: number) {
    this.#random = randomStream(seed, 'synthetic');
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + this.#random.uniform(this.#draws++) * (to - from);
  }

  /** One of 0 … count − 1. */
  pick(count: number): number {
    return Math.floor(this.between(0, count));
  }

  chance(probability: number): boolean {
    return this.between(0, 1) < probability;
  }

  after(ms: number, run: () => void): void {
    push(this.#heap, { atMs: this.nowMs + ms, order: this.#order++, run });
  }

  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.after(ms, resolve));
  }

  /** What is wrong with what happened; ends `run`. */
  fail(error: unknown): void {
    this.#error ??= error;
  }

  /** Lets things happen until `isOver`, for so many simulated milliseconds at most; whether it is over. */
  async run(isOver: () => boolean, limitMs: number): Promise<boolean> {
    while (!isOver()) {
      const due = pop(this.#heap);
      if (due === undefined || due.atMs > limitMs) return false;
      this.nowMs = due.atMs;
      due.run();
      // Everything that follows at once, in promises, happens before the clock goes on.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#error !== undefined) throw this.#error;
    }
    return true;
  }
}

const isBefore = (a: Due, b: Due): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function push(heap: Due[], due: Due): void {
  let at = heap.push(due) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(due, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = due;
}

function pop(heap: Due[]): Due | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}
