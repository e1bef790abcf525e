/** Keeps the most recently used results of an asynchronous load, up to a number of bytes. */

interface Entry<Value> {
  readonly loading: Promise<Value>;
  sizeBytes: number;
}

/** Results by key, up to a number of bytes in all; drops the least recently used first. */
export class BatchCache<Value> {
  readonly #load: (key: number) => Promise<Value>;
  readonly #sizeOf: (value: Value) => number;
  readonly #capacityBytes: number;
  /** Oldest use first. */
  readonly #entries = new Map<number, Entry<Value>>();
  #heldBytes = 0;

  constructor(
    capacityBytes: number,
    load: (key: number) => Promise<Value>,
    sizeOf: (value: Value) => number,
  ) {
    this.#capacityBytes = capacityBytes;
    this.#load = load;
    this.#sizeOf = sizeOf;
  }

  /** The result for `key`. Two calls at the same time share one load; a failed load is not kept. */
  get(key: number): Promise<Value> {
    const entry = this.#entries.get(key) ?? this.#start(key);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.loading;
  }

  clear(): void {
    this.#entries.clear();
    this.#heldBytes = 0;
  }

  #start(key: number): Entry<Value> {
    return { loading: this.#loadInto(key), sizeBytes: 0 };
  }

  async #loadInto(key: number): Promise<Value> {
    try {
      const value = await this.#load(key);
      this.#account(key, this.#sizeOf(value));
      return value;
    } catch (error) {
      this.#entries.delete(key);
      throw error;
    }
  }

  #account(key: number, sizeBytes: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.sizeBytes = sizeBytes;
    this.#heldBytes += sizeBytes;
    for (const [oldest, old] of this.#entries) {
      if (this.#heldBytes <= this.#capacityBytes || oldest === key) return;
      this.#entries.delete(oldest);
      this.#heldBytes -= old.sizeBytes;
    }
  }
}
