/** How frames of numbers get from worker to worker; implementations pass test/conformance/transport. */

import type { GateCounts } from '../../protocol/gate.ts';
import type { PlacedFloats } from './host-memory.ts';

export interface Frame {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

export interface Peer {
  readonly rank: number;
  readonly endpoint: string;
}

export interface Transport {
  /** Numbers in a frame at most. */
  readonly frameFloats: number;
  /** Whether frames are to carry a checksum of their payload, since it may change between the two processes. */
  readonly wantsChecksums: boolean;
  /** Starts to listen and returns the endpoint that peers connect to. */
  bind(): Promise<string>;
  /**
   * Connects to these peers, in the background: they must have bound, but need not read yet. Earlier
   * connections end, and what is queued in them is dropped.
   */
  connect(peers: readonly Peer[]): Promise<void>;
  /**
   * Memory that other threads of this process may see, and peers where that can be: what lies here travels without
   * a copy then. It must not be touched after `forgetMemory` or `close`.
   */
  memory(floats: number): Float32Array;
  /** Where numbers lie that peers can see; null for others. */
  placeOf(floats: Float32Array): PlacedFloats | null;
  /** What lies at a place that another thread of this process has made; null when it is gone. */
  at(place: PlacedFloats): Float32Array | null;
  /** Neither memory given out so far nor a payload that has arrived is used here any more. */
  forgetMemory(): void;
  /**
   * Queues a frame for a peer and resolves once it is queued, in the order of the calls. The payload is not
   * copied: it must stay as it is until the peer is known to have received it. Throws TIMEOUT when the peer
   * takes nothing for the transport's limit, PROTOCOL for an unknown rank or too large a payload.
   */
  send(rank: number, frame: Frame): Promise<void>;
  /**
   * What arrives, in order for each sender; for one consumer. Ends when the transport is closed. A payload may
   * be the sender's own memory: it is read only, and only as long as the sender keeps it.
   */
  frames(): AsyncIterable<Frame>;
  /** Connections to this transport so far, and those of them that were refused; null without a gate. */
  readonly gateCounts: GateCounts | null;
  /** Closes all sockets; frames that are still queued may be lost. */
  close(): Promise<void>;
}
