/**
 * Memory that a worker's main thread and comm thread share, and on one host all workers. A thread writes a vector
 * of the all-reduce once, and all others read it in place.
 */
import type { ArenaAddress, Mapping } from './shared-memory.ts';
import { closeArena, makeArena, mapArena } from './shared-memory.ts';

/** Address of numbers in memory that other processes can see. */
export interface PlacedFloats {
  readonly address: ArenaAddress;
  /** Offset of the first number, in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Numbers that cross between threads: a SharedArrayBuffer, or an address. */
export type CrossingFloats = Float32Array | PlacedFloats;

/** Whether the numbers are given by their address. */
export function isPlaced(floats: CrossingFloats): floats is PlacedFloats {
  return !ArrayBuffer.isView(floats);
}

/** Memory that other threads of this process see. */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

interface KnownMapping extends Mapping {
  readonly address: ArenaAddress;
  /** Whether this thread made it; then closing it closes its descriptor, too. */
  readonly isOwn: boolean;
}

/** Arenas that this thread has made or mapped. After `clear` nobody may touch their memory. */
export class Arenas {
  readonly #byToken = new Map<string, KnownMapping>();
  readonly #byMemory = new Map<ArrayBufferLike, KnownMapping>();

  /**
   * New memory for `length` numbers.
   * @throws LockstepError OUT_OF_RESOURCES when the system has no memory
   */
  make(length: number): Float32Array {
    if (length === 0) return new Float32Array(0);
    const arena = makeArena(length * Float32Array.BYTES_PER_ELEMENT);
    this.#add({ ...arena, isOwn: true });
    return new Float32Array(arena.memory, 0, length);
  }

  /** The address of numbers; null if they are in none of these arenas. */
  placeOf({
    buffer,
    byteOffset,
    length,
  }: Pick<Float32Array, 'buffer' | 'byteOffset' | 'length'>): PlacedFloats | null {
    const known = this.#byMemory.get(buffer);
    return known === undefined ? null : { address: known.address, offset: byteOffset, length };
  }

  /** The numbers at an address; null if it is invalid. */
  at({ address, offset, length }: PlacedFloats): Float32Array | null {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    const known = this.#byToken.get(address.token) ?? this.#map(address);
    if (known === null || offset + bytes > known.memory.byteLength) return null;
    return new Float32Array(known.memory, offset, length);
  }

  clear(): void {
    for (const { address, isOwn, memory, unmap } of this.#byToken.values()) {
      if (isOwn) closeArena({ address, memory, unmap });
      else unmap();
    }
    this.#byToken.clear();
    this.#byMemory.clear();
  }

  #map(address: ArenaAddress): KnownMapping | null {
    const mapping = mapArena(address);
    if (mapping === null) return null;
    const known = { ...mapping, address, isOwn: false };
    this.#add(known);
    return known;
  }

  #add(known: KnownMapping): void {
    this.#byToken.set(known.address.token, known);
    this.#byMemory.set(known.memory, known);
  }
}
