/** A transport inside one process, for tests of the code that uses it. */
import { FRAME_FLOATS, SMALL_FLOATS } from '../../src/collective/exchange-layout.ts';
import type { Frame, Peer, Transport } from '../../src/collective/transport/transport.ts';
import { checkPayload, unknownRank } from '../../src/collective/transport/transport-check.ts';
import { UnsharedMemory } from '../../src/collective/transport/unshared-memory.ts';
import { FrameInbox } from './frame-inbox.ts';

/** The transports of one test, by endpoint. */
export type MemoryHub = Map<string, MemoryTransport>;

/** @default those of the real transports */
type Sizes = Partial<Pick<Transport, 'frameFloats' | 'smallFloats'>>;

class MemoryTransport extends UnsharedMemory implements Transport {
  readonly frameFloats: number;
  readonly smallFloats: number;
  readonly #hub: MemoryHub;
  readonly #endpoint: string;
  readonly gateCounts = null;
  readonly #peers = new Map<number, string>();
  readonly #inbox = new FrameInbox();

  constructor(hub: MemoryHub, endpoint: string, sizes: Sizes) {
    super();
    this.frameFloats = sizes.frameFloats ?? FRAME_FLOATS;
    this.smallFloats = sizes.smallFloats ?? SMALL_FLOATS;
    this.#hub = hub;
    this.#endpoint = endpoint;
  }

  wantsChecksum(): boolean {
    return true;
  }

  async bind(): Promise<string> {
    this.#hub.set(this.#endpoint, this);
    return this.#endpoint;
  }

  async connect(peers: readonly Peer[]): Promise<void> {
    this.#peers.clear();
    for (const { rank, endpoint } of peers) this.#peers.set(rank, endpoint);
  }

  async send(rank: number, frame: Frame): Promise<void> {
    const endpoint = this.#peers.get(rank);
    if (endpoint === undefined) throw unknownRank(rank);
    checkPayload(frame.payload);
    this.#hub.get(endpoint)?.deliver(frame);
  }

  /** Copies the frame, as a network does. */
  deliver({ header, payload }: Frame): void {
    this.#inbox.push({ header: new Uint8Array(header), payload: new Uint8Array(payload) });
  }

  frames(): AsyncIterable<Frame> {
    return this.#inbox.frames();
  }

  async close(): Promise<void> {
    this.#hub.delete(this.#endpoint);
    this.#inbox.close();
  }
}

/** A transport that the others on `hub` reach at `endpoint`. */
export function memoryTransport(hub: MemoryHub, endpoint: string, sizes: Sizes = {}): Transport {
  return new MemoryTransport(hub, endpoint, sizes);
}
