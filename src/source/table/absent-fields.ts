import { absentColumn, type TableOptions } from './table-columns.ts';

/** Most names that a message chooses the nearest of. */
const MOST_NAMES = 1000;

/** The fields that the options name and that no record has had so far. */
export class AbsentFields {
  readonly #path: string;
  /** Role by name. */
  readonly #absent: Map<string, string>;
  readonly #known = new Set<string>();

  /** Ranges and lists of fields have been found in the first record. */
  constructor({ path, columns: { channels: _, ignored: __, ...columns } }: TableOptions) {
    this.#path = path;
    const named = Object.entries(columns).filter(
      ([, name]) => name !== undefined && name !== 'all-others' && !/,|\.\./.test(name),
    );
    this.#absent = new Map(named.map(([role, name]) => [name as string, role]));
  }

  look(fields: Readonly<Record<string, unknown>>): void {
    if (this.#absent.size === 0) return;
    for (const name of Object.keys(fields)) {
      this.#absent.delete(name);
      if (this.#known.size < MOST_NAMES) this.#known.add(name);
    }
  }

  /** @throws LockstepError DATA_INVALID if there were records and a field is still absent */
  refuse(): void {
    const [first] = this.#absent;
    if (first === undefined || this.#known.size === 0) return;
    const [name, role] = first;
    throw absentColumn(this.#path, { kind: 'field', name, role, known: [...this.#known] });
  }
}
