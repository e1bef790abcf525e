/** The columns of a table by the roles that the options give them. */
import { LockstepError } from '../../core/errors.ts';
import type { ColumnUse } from '../preview.ts';
import { type ChoiceProblem, type ColumnPart, chooseColumns } from './column-choice.ts';
import { refuseForgottenId, type TableColumns } from './table-columns.ts';

const SINGLE = ['id', 'label', 'group', 'split', 'time'] as const;
const SEVERAL = ['labels', 'target', 'timestepLabels', 'values'] as const;
type Single = (typeof SINGLE)[number];
type Several = (typeof SEVERAL)[number];
export type ColumnRole = Single | Several;

/** What the messages call a role. */
const WORDS: Readonly<Record<string, string>> = { timestepLabels: 'labels of the timesteps' };
export const roleWord = (role: ColumnRole): string => WORDS[role] ?? role;

/** Positions of the columns by their roles. */
export type FoundColumns = Readonly<Partial<Record<Single, number>>> &
  Readonly<Partial<Record<Several, readonly ColumnPart[]>>> & {
    readonly values: readonly ColumnPart[];
    readonly names: readonly string[];
  };

/** An option, and the role that it is for. */
export interface WantedColumns {
  readonly role: ColumnRole;
  readonly name: string;
}

/**
 * Finds the columns that the options name; those of the values last, since they may be all others.
 * @param refusal the error for an option that names no columns
 * @throws LockstepError USAGE for a time without the id that there is, and for several columns of which one is wanted; the refusal
 */
export function findColumns(
  path: string,
  names: readonly string[],
  columns: TableColumns,
  refusal: (wanted: WantedColumns, problem: ChoiceProblem) => LockstepError,
): FoundColumns {
  refuseForgottenId(path, columns, names);
  const taken = new Set(columns.ignored?.flatMap((option) => columnsMeant(option, names)));
  const find = (role: ColumnRole, name: string) => {
    const found = chooseColumns(name, names, taken);
    if (!Array.isArray(found)) throw refusal({ role, name }, found);
    for (const part of found) for (const column of part.columns) taken.add(column);
    return found;
  };
  const found: Record<string, unknown> = { names };
  for (const role of SINGLE) {
    const name = columns[role];
    if (name !== undefined) found[role] = oneOf(path, role, name, find(role, name));
  }
  for (const role of SEVERAL) {
    const name = columns[role];
    if (name !== undefined) found[role] = find(role, name);
  }
  return found as FoundColumns;
}

/** The columns that an option names, if there are such. */
function columnsMeant(option: string, names: readonly string[]): readonly number[] {
  const found = chooseColumns(option, names, new Set());
  return Array.isArray(found) ? found.flatMap((part) => part.columns) : [];
}

function oneOf(path: string, role: string, name: string, parts: readonly ColumnPart[]): number {
  const [part, more] = parts;
  if (part?.columns.length === 1 && more === undefined) return part.columns[0]!;
  throw new LockstepError(
    'USAGE',
    `Cannot import "${path}": "${name}" names several columns, and the ${role} is one.`,
    `Name one column with --${role}.`,
  );
}

/** Each column with its roles. */
export function columnUses(found: FoundColumns): ColumnUse[] {
  const roles = new Map<number, string>();
  const add = (column: number, role: string) => {
    const before = roles.get(column);
    roles.set(column, before === undefined ? role : `${before}, ${role}`);
  };
  for (const role of SINGLE) if (found[role] !== undefined) add(found[role], role);
  for (const role of SEVERAL) {
    found[role]?.forEach(({ columns }, part, { length }) => {
      const word = role === 'values' && length > 1 ? `values, channel ${part}` : roleWord(role);
      for (const column of columns) add(column, word);
    });
  }
  return found.names.map((name, column) => ({ name, role: roles.get(column) }));
}
