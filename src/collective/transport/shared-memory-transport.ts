/**
 * Transport that shares memory with the peers on this host: another transport carries only the addresses of payloads
 * there, and the receiver gets the sender's memory itself. To peers elsewhere the other transport carries payloads.
 */
import type { GateCounts } from '../../protocol/gate.ts';
import { PLACED_FRAME_FLOATS, SMALL_FLOATS } from '../exchange-layout.ts';
import { Arenas, type PlacedFloats, sharedFloats } from './host-memory.ts';
import type { Frame, Peer, Transport } from './transport.ts';
import { checkPayload } from './transport-check.ts';

/** First byte of every header on the inner transport: whether a payload or an address follows. */
const PAYLOAD = 0;
const PLACE = 1;
/** pid u32 · fd u32 · token 8 bytes · size of the arena f64 · offset f64 · numbers u32, little-endian. */
const PLACE_BYTES = 36;
const TOKEN_OFFSET = 8;
const TOKEN_BYTES = 8;
const NOTHING = new Uint8Array(0);

class SharedMemoryTransport implements Transport {
  readonly frameFloats = PLACED_FRAME_FLOATS;
  readonly smallFloats = SMALL_FLOATS;
  readonly #inner: Transport;
  readonly #host: string;
  /** Ranks on this host. */
  readonly #here = new Set<number>();
  /** Arenas of this worker's two threads and of the peers. */
  readonly #arenas = new Arenas();

  constructor(inner: Transport, host: string) {
    this.#inner = inner;
    this.#host = host;
  }

  bind(): Promise<string> {
    return this.#inner.bind();
  }

  connect(peers: readonly Peer[]): Promise<void> {
    this.#here.clear();
    for (const { rank, host } of peers) if (host === this.#host) this.#here.add(rank);
    return this.#inner.connect(peers);
  }

  /** Numbers whose place travels need none, and both checksums would take as long as the sum each. */
  wantsChecksum(rank: number, payload: Uint8Array): boolean {
    return this.#placeFor(rank, payload) === null && this.#inner.wantsChecksum(rank, payload);
  }

  get hasPeersHere(): boolean {
    return this.#here.size > 0;
  }

  get gateCounts(): GateCounts | null {
    return this.#inner.gateCounts;
  }

  memory(floats: number): Float32Array {
    return this.hasPeersHere ? this.#arenas.make(floats) : sharedFloats(floats);
  }

  placeOf(floats: Float32Array): PlacedFloats | null {
    return this.#arenas.placeOf(floats);
  }

  at(place: PlacedFloats): Float32Array | null {
    return this.#arenas.at(place);
  }

  forgetMemory(): void {
    this.#arenas.clear();
  }

  async send(rank: number, { header, payload }: Frame): Promise<void> {
    const place = this.#placeFor(rank, payload);
    if (place === null) checkPayload(payload);
    await this.#inner.send(rank, {
      header: Buffer.concat([Uint8Array.of(place === null ? PAYLOAD : PLACE), header]),
      payload: place === null ? this.#lasting(payload) : encodePlace(place),
    });
  }

  /** Where a rank finds a payload; null if it can't see it. */
  #placeFor(rank: number, payload: Uint8Array): PlacedFloats | null {
    return this.#here.has(rank) && payload.length > 0 ? this.#placeOfBytes(payload) : null;
  }

  #placeOfBytes({ buffer, byteOffset, byteLength }: Uint8Array): PlacedFloats | null {
    const length = byteLength / Float32Array.BYTES_PER_ELEMENT;
    return this.#arenas.placeOf({ buffer, byteOffset, length });
  }

  /** A copy of what lies in an arena, which may be unmapped before it is sent. */
  #lasting(payload: Uint8Array): Uint8Array {
    return this.#placeOfBytes(payload) === null ? payload : new Uint8Array(payload);
  }

  async *frames(): AsyncIterable<Frame> {
    for await (const { header, payload } of this.#inner.frames()) {
      const found = header[0] === PLACE ? this.#payloadAt(payload) : payload;
      // An empty header makes the receiver drop the frame.
      yield found === null
        ? { header: NOTHING, payload: NOTHING }
        : { header: header.subarray(1), payload: found };
    }
  }

  async close(): Promise<void> {
    await this.#inner.close();
    this.forgetMemory();
  }

  /** The payload at an address; null if it is invalid. */
  #payloadAt(bytes: Uint8Array): Uint8Array | null {
    const place = decodePlace(bytes);
    const floats = place === null ? null : this.#arenas.at(place);
    if (floats === null) return null;
    return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  }
}

/**
 * A transport whose `memory` all peers on this host can see. `inner` carries everything else.
 * @param host this host's identity
 */
export function sharedMemoryTransport(inner: Transport, host: string): Transport {
  return new SharedMemoryTransport(inner, host);
}

function encodePlace({ address, offset, length }: PlacedFloats): Buffer {
  const place = Buffer.alloc(PLACE_BYTES);
  place.writeUInt32LE(address.pid, 0);
  place.writeUInt32LE(address.fd, 4);
  place.write(address.token, TOKEN_OFFSET, TOKEN_BYTES, 'hex');
  place.writeDoubleLE(address.bytes, 16);
  place.writeDoubleLE(offset, 24);
  place.writeUInt32LE(length, 32);
  return place;
}

function decodePlace(bytes: Uint8Array): PlacedFloats | null {
  if (bytes.byteLength !== PLACE_BYTES) return null;
  const place = Buffer.from(bytes.buffer, bytes.byteOffset, PLACE_BYTES);
  const [size, offset] = [place.readDoubleLE(16), place.readDoubleLE(24)];
  const isOffset = Number.isSafeInteger(offset) && offset >= 0 && offset % 4 === 0;
  if (!Number.isSafeInteger(size) || !isOffset) return null;
  const address = {
    pid: place.readUInt32LE(0),
    fd: place.readUInt32LE(4),
    token: place.toString('hex', TOKEN_OFFSET, TOKEN_OFFSET + TOKEN_BYTES),
    bytes: size,
  };
  return { address, offset, length: place.readUInt32LE(32) };
}
