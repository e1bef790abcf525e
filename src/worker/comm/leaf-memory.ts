/**
 * Where the main thread leaves the vectors of an all-reduce for the comm thread, and for the peers on this host: they
 * are read where they lie until the next all-reduce is done. Hence two turns of them, and others in each generation,
 * since a peer of the generation before may still read.
 */
import type { CrossingFloats } from '../../collective/transport/host-memory.ts';
import { Arenas, isPlaced, sharedFloats } from '../../collective/transport/host-memory.ts';
import { MembershipChanged } from '../membership-changed.ts';

const TURNS = 2;

export class LeafMemory {
  readonly #arenas = new Arenas();
  #isForPeers = false;
  /** By turn and vector. */
  readonly #slots = new Map<string, Float32Array>();
  #turn = 0;
  /** Vectors of this turn. */
  #written = 0;

  /** Copies a vector of the next all-reduce; TensorFlow's own memory can't be handed over. */
  write(vector: Float32Array): CrossingFloats {
    const slot = this.#slot(`${this.#turn} ${this.#written++}`, vector.length);
    slot.set(vector);
    return this.#arenas.placeOf(slot) ?? slot;
  }

  /** The vectors of one all-reduce are all written. */
  endTurn(): void {
    this.#turn = (this.#turn + 1) % TURNS;
    this.#written = 0;
  }

  /**
   * The sum that the comm thread has left.
   * @throws MembershipChanged when that has dropped it meanwhile, with its generation
   */
  read(sum: CrossingFloats): Float32Array {
    if (!isPlaced(sum)) return sum;
    const floats = this.#arenas.at(sum);
    if (floats === null) throw new MembershipChanged();
    return floats;
  }

  /**
   * A new generation: nothing that lies here is touched any more.
   * @param isForPeers whether other workers of this host see what follows, too
   */
  renew(isForPeers: boolean): void {
    this.#isForPeers = isForPeers;
    this.#slots.clear();
    this.#written = 0;
    this.#arenas.clear();
  }

  #slot(key: string, length: number): Float32Array {
    const known = this.#slots.get(key);
    if (known !== undefined && known.length >= length) return known.subarray(0, length);
    const fresh = this.#isForPeers ? this.#arenas.make(length) : sharedFloats(length);
    this.#slots.set(key, fresh);
    return fresh;
  }
}
