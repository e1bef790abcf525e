/** Which columns an option names: one, several with commas between, or a range of a table's columns. Pure. */

import { isIdName, isRowNumberName, isTargetName } from './target-name.ts';

/** One part of the option; of values, one channel. */
export interface ColumnPart {
  /** Positions of the columns. */
  readonly columns: readonly number[];
  /** Each column holds one value of the sequence; otherwise the only column holds them all. */
  readonly isRange: boolean;
  /** The range goes on to the last cell of each row. */
  readonly isOpen: boolean;
}

/** Why an option names no columns: a sentence, and what to do. */
export interface ChoiceProblem {
  /** The name that the table does not have. */
  readonly absent?: string;
  /** What else is wrong. */
  readonly problem?: string;
  readonly advice?: string;
}

/** The word for all columns that no other option names. */
export const ALL_OTHERS = 'all-others';

/**
 * Finds the columns of `t0..t95`, `2..`, `x,y`, `all-others` or of one name. A column that is called so itself
 * comes first.
 * @param taken columns that other options name
 */
export function chooseColumns(
  option: string,
  names: readonly string[],
  taken: ReadonlySet<number>,
): ColumnPart[] | ChoiceProblem {
  if (names.includes(option)) return oneColumn(option, names);
  if (option === ALL_OTHERS) return allOthers(names, taken);
  const parts: ColumnPart[] = [];
  for (const name of option.split(',').map((part) => part.trim())) {
    const part = names.includes(name) ? oneColumn(name, names) : rangeOf(name, names);
    if (!Array.isArray(part)) return part;
    parts.push(...part);
  }
  return parts;
}

function oneColumn(name: string, names: readonly string[]): ColumnPart[] | ChoiceProblem {
  const repeated = repetition(name, names);
  if (repeated !== undefined) return repeated;
  return [{ columns: [names.indexOf(name)], isRange: false, isOpen: false }];
}

function repetition(name: string, names: readonly string[]): ChoiceProblem | undefined {
  const count = names.filter((other) => other === name).length;
  if (count === 1) return undefined;
  return {
    problem: `it has ${count} columns "${name}"`,
    advice: 'Give each column a name of its own.',
  };
}

function allOthers(
  names: readonly string[],
  taken: ReadonlySet<number>,
): ColumnPart[] | ChoiceProblem {
  const columns = [...names.keys()].filter((column) => !taken.has(column));
  const unnamed = columns.find((column) => names[column]!.trim() === '');
  if (unnamed !== undefined) {
    return {
      problem: `its column ${unnamed + 1} has no name, so it may be a row number or a value`,
      advice:
        'Name the columns of the values with --values FIRST..LAST, or give that column a name.',
    };
  }
  const target = columns.find((column) => isTargetName(names[column]!));
  if (target !== undefined) return amongValues(names[target]!, 'label');
  const id = columns.find((column) => isIdName(names[column]!));
  if (id !== undefined) return amongValues(names[id]!, 'id');
  const numbers = columns.find((column) => isRowNumberName(names[column]!));
  if (numbers !== undefined) {
    return {
      problem: `its column "${names[numbers]}" would be among the values, and may be a row number`,
      advice:
        'Name the columns of the values with --values FIRST..LAST, or write the table without that column (in pandas, index=False).',
    };
  }
  return checkedRange(columns, names, false);
}

const amongValues = (name: string, role: 'label' | 'id'): ChoiceProblem => ({
  problem: `its column "${name}" would be among the values`,
  advice: `Say what it is, as in --${role} ${name}; or name the columns of the values with --values FIRST..LAST.`,
});

/** `FROM..TO`, `FROM..` or `..TO`; a name may have two points itself. */
function rangeOf(part: string, names: readonly string[]): ColumnPart[] | ChoiceProblem {
  for (let at = part.indexOf('..'); at >= 0; at = part.indexOf('..', at + 1)) {
    const [from, to] = [part.slice(0, at), part.slice(at + 2)];
    if ([from, to].every((name) => name === '' || names.includes(name))) {
      return from === '' && to === '' ? { absent: part } : between(from, to, names);
    }
  }
  const [from = part] = part.includes('..') ? absentEnds(part, names) : [part];
  return { absent: from };
}

const absentEnds = (part: string, names: readonly string[]): string[] =>
  part.split('..').filter((name) => name !== '' && !names.includes(name));

function between(from: string, to: string, names: readonly string[]): ColumnPart[] | ChoiceProblem {
  for (const end of [from, to]) {
    const repeated = end === '' ? undefined : repetition(end, names);
    if (repeated !== undefined) return repeated;
  }
  const first = from === '' ? 0 : names.indexOf(from);
  const last = to === '' ? names.length - 1 : names.indexOf(to);
  if (first > last) {
    return {
      problem: `its column "${from}" stands behind "${to}"`,
      advice: `Say ${to}..${from}, or put the columns in the order of time.`,
    };
  }
  const columns = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return checkedRange(columns, names, to === '');
}

/** Dates by which text sorts: those of one year, month or day may end in any digits. */
const DATE = /^\d{4}-\d\d(-\d\d([ T]\d\d:\d\d.*)?)?$/;

/** Refuses names that occur twice, and numbered ones in another order than their numbers. */
function checkedRange(
  columns: readonly number[],
  names: readonly string[],
  isOpen: boolean,
): ColumnPart[] | ChoiceProblem {
  const seen = new Set<string>();
  let before: { prefix: string; number: number; name: string } | undefined;
  for (const column of columns) {
    const name = names[column]!;
    if (seen.has(name)) return repetition(name, names)!;
    seen.add(name);
    const [, prefix, digits] = /^(.*?)(\d{1,15})$/s.exec(name) ?? [];
    if (prefix === undefined) continue;
    const number = Number(digits);
    const areDates = DATE.test(name) && before !== undefined && DATE.test(before.name);
    const falls = areDates
      ? name < before!.name
      : before?.prefix === prefix && number < before.number;
    if (before !== undefined && falls) {
      const order = areDates ? 'times' : 'numbers';
      return {
        problem: `its column "${name}" follows "${before.name}", which is not the order of their ${order}`,
        advice: 'Put the columns in the order of time.',
      };
    }
    before = { prefix, number, name };
  }
  return [{ columns, isRange: true, isOpen }];
}
