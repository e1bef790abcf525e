/** Carries frames of numbers from worker to worker. Every implementation passes test/conformance/transport. */

import type { GateCounts } from '../../protocol/gate.ts';
import type { PlacedFloats } from './host-memory.ts';

/** A header and its payload, which may be empty. */
export interface Frame {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** Another worker and its endpoint. */
export interface Peer {
  readonly rank: number;
  readonly endpoint: string;
  /** Its host's identity (host-identity.ts); absent: its memory can't be seen from here. */
  readonly host?: string | undefined;
}

/** One worker's connections to its peers. */
export interface Transport {
  /** Most numbers in a frame to a peer on this host; to others `FRAME_FLOATS`. */
  readonly frameFloats: number;
  /** Up to so many numbers in a vector, for each other rank, everyone sends everyone everything. */
  readonly smallFloats: number;
  /** Whether a frame to this rank needs a checksum of its payload, since it may change on the way. */
  wantsChecksum(rank: number, payload: Uint8Array): boolean;
  /** Starts to listen. Returns the endpoint to which peers connect. */
  bind(): Promise<string>;
  /**
   * Connects to these peers in the background. They must have bound, but need not read yet. Closes earlier
   * connections and drops their queues.
   */
  connect(peers: readonly Peer[]): Promise<void>;
  /** Whether any peer sees this process's memory. */
  readonly hasPeersHere: boolean;
  /**
   * Memory that other threads of this process can see, and the peers on this host, which then get its numbers without
   * a copy. Nobody may touch it after `forgetMemory` or `close`. To be called after `connect`.
   */
  memory(floats: number): Float32Array;
  /** The address of numbers that peers can see; null for other numbers. */
  placeOf(floats: Float32Array): PlacedFloats | null;
  /** The numbers at an address that another thread of this process has made; null if they are gone. */
  at(place: PlacedFloats): Float32Array | null;
  /** Gives up all memory that `memory` returned, and all payloads that have arrived. */
  forgetMemory(): void;
  /**
   * Queues a frame for a peer, in the order of the calls, and resolves once it is queued. Does not copy the
   * payload: the caller must not change it until the peer has certainly received it. It copies memory that peers here
   * see for a peer elsewhere, since `forgetMemory` may come before it is sent.
   * @throws LockstepError TIMEOUT when the peer takes nothing for the transport's limit; PROTOCOL for an unknown
   *   rank or too large a payload
   */
  send(rank: number, frame: Frame): Promise<void>;
  /**
   * The arriving frames, in order for each sender, for one consumer. Ends when the transport closes. A payload may
   * be the sender's own memory: read-only, and valid only as long as the sender keeps it.
   */
  frames(): AsyncIterable<Frame>;
  /** Accepted and refused connections so far; null without a gate. */
  readonly gateCounts: GateCounts | null;
  /** Closes all sockets. Queued frames may be lost. */
  close(): Promise<void>;
}
