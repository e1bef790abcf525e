/** Columns that grow: what an import remembers of millions of records, in a few bytes each. */

type NumberArray = Int8Array | Int32Array | Float64Array;

const FIRST_CAPACITY = 1024;
const TEXT_CHUNK_BYTES = 2 ** 20;
/** Bytes of a sort key: an integer that a double holds. */
const KEY_BYTES = 6;

/** Numbers of one type. */
export class NumberColumn<Numbers extends NumberArray> {
  readonly #make: (capacity: number) => Numbers;
  #numbers: Numbers;
  #length = 0;

  constructor(make: (capacity: number) => Numbers) {
    this.#make = make;
    this.#numbers = make(FIRST_CAPACITY);
  }

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const wider = this.#make(this.#length * 2);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#length++] = number;
  }

  get length(): number {
    return this.#length;
  }

  at(row: number): number {
    return this.#numbers[row]!;
  }

  set(row: number, number: number): void {
    this.#numbers[row] = number;
  }
}

/** Texts, as UTF-8 in large chunks. */
export class TextColumn {
  readonly #chunks: Buffer[] = [];
  /** Of each text: its chunk, and where it begins and ends there. */
  readonly #chunk = new NumberColumn((capacity) => new Int32Array(capacity));
  readonly #begin = new NumberColumn((capacity) => new Int32Array(capacity));
  readonly #end = new NumberColumn((capacity) => new Int32Array(capacity));
  #used = 0;

  push(text: string): void {
    const sizeBytes = Buffer.byteLength(text);
    if (this.#chunks.length === 0 || this.#used + sizeBytes > this.#chunks.at(-1)!.length) {
      this.#chunks.push(Buffer.allocUnsafe(Math.max(TEXT_CHUNK_BYTES, sizeBytes)));
      this.#used = 0;
    }
    this.#chunks.at(-1)!.write(text, this.#used);
    this.#chunk.push(this.#chunks.length - 1);
    this.#begin.push(this.#used);
    this.#used += sizeBytes;
    this.#end.push(this.#used);
  }

  at(row: number): string {
    const chunk = this.#chunks[this.#chunk.at(row)]!;
    return chunk.toString('utf8', this.#begin.at(row), this.#end.at(row));
  }

  /**
   * A number for each text that grows with its bytes: those behind what all texts begin with. Only the texts of equal
   * numbers need `compare`.
   */
  sortKeys(): Float64Array {
    const from = this.#commonBytes();
    return Float64Array.from({ length: this.#begin.length }, (_, row) => {
      const [begin, end] = [this.#begin.at(row) + from, this.#end.at(row)];
      const chunk = this.#chunks[this.#chunk.at(row)]!;
      let key = 0;
      for (let at = begin; at < begin + KEY_BYTES; at++)
        key = key * 256 + (at < end ? chunk[at]! : 0);
      return key;
    });
  }

  /** How many bytes all texts have in common at their start. */
  #commonBytes(): number {
    let common = this.#begin.length === 0 ? 0 : this.#end.at(0) - this.#begin.at(0);
    const first = this.#chunks[0];
    for (let row = 1; row < this.#begin.length; row++) {
      const [chunk, begin] = [this.#chunks[this.#chunk.at(row)]!, this.#begin.at(row)];
      const most = Math.min(common, this.#end.at(row) - begin);
      for (common = 0; common < most && first![common] === chunk[begin + common]; ) common++;
    }
    return common;
  }

  /** By their bytes, as `compareUtf8`. */
  compare(a: number, b: number): number {
    const [chunkA, chunkB] = [this.#chunks[this.#chunk.at(a)]!, this.#chunks[this.#chunk.at(b)]!];
    const [beginA, endA] = [this.#begin.at(a), this.#end.at(a)];
    return chunkA.compare(chunkB, this.#begin.at(b), this.#end.at(b), beginA, endA);
  }
}

/** Few different texts, each held once. */
export class NameColumn {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #rows = new NumberColumn((capacity) => new Int32Array(capacity));

  push(name: string | undefined): void {
    this.#rows.push(name === undefined ? -1 : this.#numberOf(name));
  }

  at(row: number): string | undefined {
    return this.#names[this.#rows.at(row)];
  }

  /** The number of the row's name; -1 where it has none, and behind the last row. */
  numberAt(row: number): number {
    return row < this.#rows.length ? this.#rows.at(row) : -1;
  }

  /** All names, by their numbers. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** The number of a name; undefined where no row has it. */
  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }
}
