/**
 * Memory that the threads of a worker share, its main thread and its comm thread, and where possible the workers of
 * one host: the vectors of the all-reduce are written once and then read where they lie.
 */
import type { ArenaAddress, Mapping } from './shared-memory.ts';
import { closeArena, makeArena, mapArena } from './shared-memory.ts';

/** Numbers in memory that other processes can see, as another thread is told of them. */
export interface PlacedFloats {
  readonly address: ArenaAddress;
  /** Of the first one, in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Numbers as they cross between threads: in a SharedArrayBuffer, or at a place. */
export type CrossingFloats = Float32Array | PlacedFloats;

export function isPlaced(floats: CrossingFloats): floats is PlacedFloats {
  return !ArrayBuffer.isView(floats);
}

/** Whether workers that listen there see each other's memory. */
export function isOnOneHost(address: string): boolean {
  return address.startsWith('ipc://');
}

/** Memory that other threads of this process see. */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

interface KnownMapping extends Mapping {
  readonly address: ArenaAddress;
  /** It was made here: its descriptor is closed with it. */
  readonly isOwn: boolean;
}

/** Arenas that this thread has made, or maps; nothing in them may be touched after `clear`. */
export class Arenas {
  readonly #byToken = new Map<string, KnownMapping>();
  readonly #byMemory = new Map<ArrayBufferLike, KnownMapping>();

  /** @throws LockstepError OUT_OF_RESOURCES when the system gives no memory */
  make(length: number): Float32Array {
    if (length === 0) return new Float32Array(0);
    const arena = makeArena(length * Float32Array.BYTES_PER_ELEMENT);
    this.#add({ ...arena, isOwn: true });
    return new Float32Array(arena.memory, 0, length);
  }

  /** Where numbers lie; null when that is in none of these arenas. */
  placeOf({
    buffer,
    byteOffset,
    length,
  }: Pick<Float32Array, 'buffer' | 'byteOffset' | 'length'>): PlacedFloats | null {
    const known = this.#byMemory.get(buffer);
    return known === undefined ? null : { address: known.address, offset: byteOffset, length };
  }

  /** What lies at a place; null when it is none. */
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
