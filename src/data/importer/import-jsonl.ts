/** Imports a JSONL file: one JSON object a line, its values in an array field. */
import { basename } from 'node:path';
import { z } from 'zod';
import type { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import { contentName } from './compressed.ts';
import { defineImporter } from './define-importer.ts';
import { parseJsonLine, sourceOfField } from './json-line.ts';
import { readFailure } from './read-failure.ts';
import { linesOf, readText } from './read-text.ts';
import type { RawRecord } from './record.ts';
import {
  absentColumn,
  lineError,
  type TableOptions,
  tableColumns,
  toRecord,
} from './table-columns.ts';
import { nonFiniteNumber } from './values-cell.ts';

export const jsonlImporter = defineImporter({
  kind: 'jsonl',
  options: z.object(tableColumns),
  accepts: (path) => /\.(jsonl|ndjson)$/i.test(contentName(path)),
  records: (path, columns) => importJsonl({ path, columns }),
});

/** One line: its fields, and its text. */
interface Line {
  readonly path: string;
  readonly number: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly source: string;
}

/**
 * Yields the lines of the file and ignores empty ones.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the unreadable line, or a field that no line has
 */
export async function* importJsonl(options: TableOptions): AsyncGenerator<RawRecord> {
  const absent = new AbsentFields(options);
  let line = 0;
  try {
    for await (const text of linesOf(readText(options.path))) {
      line++;
      if (text.trim() === '') continue;
      const parsed = parseLine(options.path, line, text);
      absent.look(parsed.fields);
      yield recordOf(options, parsed);
    }
    absent.refuse();
  } catch (error) {
    throw readFailure(error, options.path, 'file');
  }
}

/** Most names that a message chooses the nearest of. */
const MOST_NAMES = 1000;

/** The named fields that no line has had so far. */
class AbsentFields {
  readonly #path: string;
  /** Role by name. */
  readonly #absent: Map<string, string>;
  readonly #known = new Set<string>();

  constructor({ path, columns }: TableOptions) {
    this.#path = path;
    const named = Object.entries(columns).filter(([, name]) => name !== undefined);
    this.#absent = new Map(named.map(([role, name]) => [name as string, role]));
  }

  look(fields: Line['fields']): void {
    if (this.#absent.size === 0) return;
    for (const name of Object.keys(fields)) {
      this.#absent.delete(name);
      if (this.#known.size < MOST_NAMES) this.#known.add(name);
    }
  }

  /** @throws LockstepError DATA_INVALID if there were lines and a field is still absent */
  refuse(): void {
    const [first] = this.#absent;
    if (first === undefined || this.#known.size === 0) return;
    const [name, role] = first;
    throw absentColumn(this.#path, { kind: 'field', name, role, known: [...this.#known] });
  }
}

function parseLine(path: string, number: number, text: string): Line {
  let parsed: ReturnType<typeof parseJsonLine>;
  try {
    parsed = parseJsonLine(text);
  } catch (cause) {
    const reason = (cause as SyntaxError).message;
    throw lineError(path, number, `it is not JSON (${reason})`, { cause });
  }
  const { value: fields, source } = parsed;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw lineError(path, number, 'it is not a JSON object');
  }
  return { path, number, fields: fields as Line['fields'], source };
}

function recordOf({ columns }: TableOptions, line: Line): RawRecord {
  const row = {
    id: textField(line, columns.id),
    label: textField(line, columns.label),
    group: textField(line, columns.group),
    split: textField(line, columns.split),
  };
  const { path, number } = line;
  const fallbackId = `${basename(path)}:${number}`;
  return toRecord(path, number, row, fallbackId, valuesField(line, columns.values));
}

/** A string, number or boolean as text; undefined for an absent label, group or split. */
function textField(line: Line, name: string | undefined): string | undefined {
  if (name === undefined || !Object.hasOwn(line.fields, name)) return undefined;
  const value = line.fields[name];
  if (value === null) return undefined;
  if (typeof value === 'object') {
    throw lineError(line.path, line.number, `field "${name}" is not text`);
  }
  // The digits as they are written: as a number, an id beyond 2^53 would be rounded.
  return typeof value === 'number' ? sourceOfField(line.source, name)! : String(value);
}

function noList({ path, number, fields }: Line, name: string): LockstepError {
  if (Object.hasOwn(fields, name)) {
    return lineError(path, number, `field "${name}" is not an array`);
  }
  const known = Object.keys(fields);
  const advice = `Correct the line, or name another field with --values.${didYouMean(name, known)}`;
  const what = `it has no field "${name}" (fields: ${listNames(known)})`;
  return lineError(path, number, what, { advice });
}

/** The values; no list at all (null) is an empty one. */
function valuesField(line: Line, name: string): Float64Array {
  const { path, number, fields } = line;
  const found = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (found === null) return new Float64Array(0);
  if (!Array.isArray(found)) throw noList(line, name);
  return Float64Array.from(found, (value: unknown, position) => {
    if (typeof value === 'number') return value;
    if (value === null) return Number.NaN;
    const named = typeof value === 'string' ? nonFiniteNumber(value) : undefined;
    if (named !== undefined) return named;
    const what = `${JSON.stringify(value).slice(0, 100)} at ${position} is not a number`;
    throw lineError(path, number, `field "${name}": ${what}`);
  });
}
