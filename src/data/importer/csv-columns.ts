/** Finds the columns of a CSV file that the options name. */
import { LockstepError } from '../../core/errors.ts';
import { type ChoiceProblem, type ColumnPart, chooseColumns } from './column-choice.ts';
import { type Header, headerHint, looksLikeData } from './csv-header.ts';
import type { ColumnUse } from './preview.ts';
import { absentColumn, requireId, type TableColumns } from './table-columns.ts';

const SINGLE = ['id', 'label', 'group', 'split', 'time'] as const;
const SEVERAL = ['labels', 'target', 'timestepLabels', 'values'] as const;
type Single = (typeof SINGLE)[number];
type Several = (typeof SEVERAL)[number];

/** What the messages call a role. */
const WORDS: Readonly<Record<string, string>> = { timestepLabels: 'labels of the timesteps' };

/** Positions of the columns by their roles. */
export type CsvColumns = Readonly<Partial<Record<Single, number>>> &
  Readonly<Partial<Record<Several, readonly ColumnPart[]>>> & {
    readonly values: readonly ColumnPart[];
    readonly names: readonly string[];
  };

/** A first line, and whether it is data: then its columns are called 1, 2, 3, … */
export interface FirstLine extends Header {
  readonly isData: boolean;
}

/** @throws LockstepError USAGE for a time without an id; DATA_INVALID for a column that is absent or ambiguous */
export function findColumns(path: string, line: FirstLine, columns: TableColumns): CsvColumns {
  requireId(columns);
  const names = line.isData ? line.header.map((_, i) => String(i + 1)) : line.header;
  const taken = new Set(columns.ignored?.map((name) => names.indexOf(name)));
  const find = (role: Single | Several, name: string) => {
    const found = chooseColumns(name, names, taken);
    if (!Array.isArray(found))
      throw refusal(path, { ...line, header: names }, { role, name }, found);
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
  const chosen = found as CsvColumns;
  if (!line.isData) refuseData(path, line, chosen.values);
  return chosen;
}

/** Each column with its role. */
export function columnUses(found: CsvColumns): ColumnUse[] {
  const roles = new Map<number, string>();
  for (const role of SINGLE) if (found[role] !== undefined) roles.set(found[role], role);
  for (const role of SEVERAL) {
    found[role]?.forEach(({ columns }, part, { length }) => {
      const name =
        role === 'values' && length > 1 ? `values, channel ${part}` : (WORDS[role] ?? role);
      for (const column of columns) roles.set(column, name);
    });
  }
  return found.names.map((name, column) => ({ name, role: roles.get(column) }));
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

/** A range would lose its first row without a word. */
function refuseData(path: string, header: Header, values: readonly ColumnPart[]): void {
  for (const { columns, isRange } of values) {
    if (!isRange || !looksLikeData(columns.map((column) => header.header[column]!))) continue;
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import "${path}": its first line looks like data, not like a header.`,
      'Say --no-header, which names the columns 1, 2, 3, …, or give each column a name.',
    );
  }
}

function refusal(
  path: string,
  header: Header,
  { role, name }: { role: string; name: string },
  { absent, problem, advice = '' }: ChoiceProblem,
): LockstepError {
  if (problem !== undefined) {
    return new LockstepError('DATA_INVALID', `Cannot import "${path}": ${problem}.`, advice);
  }
  const known = header.header;
  const wanted = {
    kind: 'column',
    name: absent ?? name,
    role: WORDS[role] ?? role,
    known,
  } as const;
  return absentColumn(path, wanted, headerHint(header, wanted.name));
}
