/** Transport inside one process: for tests of what runs on top of it. */
import type { Frame, Peer, Transport } from './transport.ts';
import { checkPayload, unknownRank } from './transport-check.ts';

/** Where the transports of one test find each other, by endpoint. */
export type MemoryHub = Map<string, MemoryTransport>;

class MemoryTransport implements Transport {
  readonly #hub: MemoryHub;
  readonly #endpoint: string;
  readonly gateCounts = null;
  readonly #peers = new Map<number, string>();
  readonly #arrived: Frame[] = [];
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(hub: MemoryHub, endpoint: string) {
    this.#hub = hub;
    this.#endpoint = endpoint;
  }

  async bind(): Promise<string> {
    this.#hub.set(this.#endpoint, this);
    return this.#endpoint;
  }

  async connect(peers: readonly Peer[]): Promise<void> {
    this.#peers.clear();
    for (const { rank, endpoint } of peers) this.#peers.set(rank, endpoint);
  }

  memory(floats: number): Float32Array {
    return new Float32Array(floats);
  }

  forgetMemory(): void {}

  async send(rank: number, frame: Frame): Promise<void> {
    const endpoint = this.#peers.get(rank);
    if (endpoint === undefined) throw unknownRank(rank);
    checkPayload(frame.payload);
    this.#hub.get(endpoint)?.deliver(frame);
  }

  /** Copies, as a wire does. */
  deliver({ header, payload }: Frame): void {
    this.#arrived.push({ header: new Uint8Array(header), payload: new Uint8Array(payload) });
    this.#wake();
  }

  async *frames(): AsyncIterable<Frame> {
    while (!this.#closed) {
      const frame = this.#arrived.shift();
      if (frame !== undefined) yield frame;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hub.delete(this.#endpoint);
    this.#wake();
  }
}

/** A transport that others on `hub` reach at `endpoint`. */
export function memoryTransport(hub: MemoryHub, endpoint: string): Transport {
  return new MemoryTransport(hub, endpoint);
}
