/**
 * A list of fixed length that never changes: `with` gives a new one that shares all but a few short arrays with the old
 * one. For the states of pure reducers, of which 1 000 peers ask for as many versions a step. A tree of arrays, as in
 * Clojure's persistent vectors (Bagwell, Ideal Hash Trees, 2001).
 */
export class PersistentList<T> {
  readonly length: number;
  readonly #root: Node<T>;
  /** Bits of an index that say which child of the root it is in are above these. */
  readonly #shift: number;

  private constructor(length: number, root: Node<T>, shift: number) {
    this.length = length;
    this.#root = root;
    this.#shift = shift;
  }

  static from<T>(items: readonly T[]): PersistentList<T> {
    let level: Node<T>[] = grouped(items) as Node<T>[];
    let shift = 0;
    for (; level.length > 1; shift += BITS) level = grouped(level) as Node<T>[];
    return new PersistentList(items.length, level[0] ?? [], shift);
  }

  at(index: number): T | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return this.#leafOf(index)[index & MASK];
  }

  /** @throws RangeError when there is no such place. */
  with(index: number, item: T): PersistentList<T> {
    this.#check(index);
    return new PersistentList(
      this.length,
      replaced(this.#root, this.#shift, index, item),
      this.#shift,
    );
  }

  /**
   * Changes some places, with one copy of each short array for all of them.
   * @param change gets the item and how many places were changed before
   * @throws RangeError when there is no such place
   */
  mapAt(places: readonly number[], change: (item: T, nth: number) => T): PersistentList<T> {
    const root = this.#root.slice();
    for (const [nth, place] of places.entries()) {
      this.#check(place);
      const leaf = this.#ownLeafOf(root, place);
      leaf[place & MASK] = change(leaf[place & MASK] as T, nth);
    }
    return new PersistentList(this.length, root, this.#shift);
  }

  toArray(): T[] {
    let level: unknown[] = this.#root as unknown[];
    for (let shift = this.#shift; shift > 0; shift -= BITS) level = level.flat();
    return (this.#shift === 0 ? level.slice() : level) as T[];
  }

  /** The first item that fulfils it. */
  find(fulfils: (item: T) => boolean): T | undefined {
    for (let index = 0; index < this.length; index += WIDTH) {
      const found = this.#leafOf(index).find(fulfils);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** How many items fulfil it. */
  count(fulfils: (item: T) => boolean): number {
    let count = 0;
    for (let index = 0; index < this.length; index += WIDTH) {
      for (const item of this.#leafOf(index)) if (fulfils(item)) count++;
    }
    return count;
  }

  map<U>(change: (item: T) => U): PersistentList<U> {
    return PersistentList.from(this.toArray().map(change));
  }

  #leafOf(index: number): readonly T[] {
    let node = this.#root;
    for (let shift = this.#shift; shift > 0; shift -= BITS) node = childOf(node, index >>> shift);
    return node as readonly T[];
  }

  /** The leaf of a place below `root`, of which no array on the way is one of this list. */
  #ownLeafOf(root: (T | Node<T>)[], place: number): (T | Node<T>)[] {
    let [own, before]: [(T | Node<T>)[], Node<T>] = [root, this.#root];
    for (let shift = this.#shift; shift > 0; shift -= BITS) {
      const at = (place >>> shift) & MASK;
      const child = before[at] as Node<T>;
      if (own[at] === child) own[at] = child.slice();
      own = own[at] as (T | Node<T>)[];
      before = child;
    }
    return own;
  }

  #check(place: number): void {
    if (place >= 0 && place < this.length) return;
    throw new RangeError(`There is no place ${place} in a list of ${this.length}.`);
  }
}

/** Items, or nodes of the level below. */
type Node<T> = readonly (T | Node<T>)[];

const BITS = 5;
const WIDTH = 1 << BITS;
const MASK = WIDTH - 1;

const childOf = <T>(node: Node<T>, at: number): Node<T> => node[at & MASK] as Node<T>;

function grouped<T>(items: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < items.length; at += WIDTH) groups.push(items.slice(at, at + WIDTH));
  return groups;
}

/** `slice` takes half of `Array.prototype.with`'s time (Node 20). */
function replaced<T>(node: Node<T>, shift: number, index: number, item: T): Node<T> {
  const copy = node.slice();
  const at = (index >>> shift) & MASK;
  copy[at] = shift === 0 ? item : replaced(childOf(node, at), shift - BITS, index, item);
  return copy;
}
