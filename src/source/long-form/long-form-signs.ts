/** Signs that a table is in long form, a row for each timestep, although no option says so. */
import { LockstepError } from '../../core/errors.ts';
import { idColumnIn, type TableColumns } from '../table/table-columns.ts';

/** Rows that tell enough. */
const ROWS = 1000;
const FEWEST = 3;
const TIME =
  /(^|[^a-z])(t|ts|ds|time|times|timestamp|datetime|date|step|timestep|time.?step|tick|frame|cycle|seconds?|sec|ms|minutes?|hours?|days?)($|[^a-z])/i;

/** Looks at the rows of one table. */
export class LongFormSigns {
  readonly #path: string;
  readonly #columns: TableColumns;
  readonly #names: readonly string[];
  #ids = new Set<string>();
  #isOver = false;

  constructor(path: string, columns: TableColumns, names: readonly string[]) {
    this.#path = path;
    this.#columns = columns;
    this.#names = names;
  }

  /**
   * Looks at one row; a row of several values ends the search.
   * @throws LockstepError DATA_INVALID when an id repeats and each row holds one value
   */
  look(line: number, id: string, values: number): void {
    if (this.#isOver) return;
    if (values !== 1) {
      this.#isOver = true;
      this.#ids.clear();
      return;
    }
    if (this.#ids.has(id))
      throw this.#refusal(
        `its rows hold one value each, and line ${line} has the id "${id}" again`,
      );
    this.#ids.add(id);
    if (this.#ids.size === ROWS) this.refuse();
  }

  /** @throws LockstepError DATA_INVALID when each row so far holds one value and a column looks like times */
  refuse(): void {
    const isLong = !this.#isOver && this.#ids.size >= FEWEST && this.#time() !== undefined;
    this.#isOver = true;
    this.#ids.clear();
    if (isLong)
      throw this.#refusal(
        `its rows hold one value each, and its column "${this.#time()}" looks like times`,
      );
  }

  #time(): string | undefined {
    const used = Object.values(this.#columns).flat();
    return this.#names.find((name) => !used.includes(name) && TIME.test(name));
  }

  #refusal(what: string): LockstepError {
    const { group, values } = this.#columns;
    const id = this.#columns.id ?? group ?? idColumnIn(this.#names);
    const words = ['--time', this.#time() ?? 'COLUMN', '--values', values].map(quoted).join(' ');
    const advice =
      id === undefined
        ? `Say ${words} to read the file as one sequence; or add --id COLUMN to collect the rows of each id into one.`
        : `Say --id ${quoted(id)} ${words} to collect the rows of each id into one sequence.`;
    return new LockstepError(
      'DATA_INVALID',
      `Cannot import "${this.#path}": ${what}. This looks like the long form, a row for each timestep.`,
      advice,
    );
  }
}

const quoted = (word: string): string => (/^[\w.,-]+$/.test(word) ? word : `'${word}'`);
