/** Imports JSON: one object a line (JSONL), or an array of objects or of lists. */
import type { ImportItem } from '../../data/record.ts';
import { readFailure } from '../../source/file/read-failure.ts';
import { linesOf, readText } from '../../source/file/read-text.ts';
import type { ColumnUse } from '../../source/preview.ts';
import { AbsentFields } from '../../source/table/absent-fields.ts';
import {
  lineError,
  type TableColumns,
  type TableOptions,
} from '../../source/table/table-columns.ts';
import { readRows } from '../../source/table/table-reader.ts';
import type { JsonRow } from './json-cells.ts';
import { type JsonElement, jsonElements } from './json-elements.ts';
import { parseJsonLine, repeatedField } from './json-line.ts';
import { fieldUses, jsonReader } from './json-reader.ts';

/** The sequences of the lines, as `importJsonl`. */
export const jsonlRecords = (path: string, columns: TableColumns): AsyncIterable<ImportItem> =>
  importJsonl({ path, columns });

/** The sequences of the array, as `importJson`. */
export const jsonRecords = (path: string, columns: TableColumns): AsyncIterable<ImportItem> =>
  importJson({ path, columns });

/** The fields of the first line, and their roles. */
export const jsonlFields = async (options: TableOptions): Promise<ColumnUse[]> =>
  await firstFields(options, linesIn(options.path));

/** The fields of the first element, and their roles. */
export const jsonFields = async (options: TableOptions): Promise<ColumnUse[]> =>
  await firstFields(options, elementsIn(options.path));

/**
 * Yields the lines of the file and ignores empty ones.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the unreadable line, or a field that no line has
 */
export async function* importJsonl(options: TableOptions): AsyncGenerator<ImportItem> {
  yield* importElements(options, linesIn(options.path));
}

/**
 * Yields the elements of the array in the file; a list among them holds the values of a sequence. A file without
 * an array around its records is read as JSONL, whose objects may have several lines.
 * @throws LockstepError as `importJsonl`
 */
export async function* importJson(options: TableOptions): AsyncGenerator<ImportItem> {
  yield* importElements(options, elementsIn(options.path));
}

const linesIn = (path: string) => filledLines(linesOf(readText(path)));
const elementsIn = (path: string) => jsonElements(path, readText(path));

async function firstFields(
  options: TableOptions,
  blocks: AsyncIterable<JsonElement[]>,
): Promise<ColumnUse[]> {
  for await (const [first] of blocks) {
    if (first !== undefined) return fieldUses(options, parsedRow(options, first));
  }
  return [];
}

async function* filledLines(lines: AsyncIterable<string>): AsyncGenerator<JsonElement[]> {
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() !== '') yield [{ line, number: line, text }];
  }
}

async function* importElements(
  options: TableOptions,
  blocks: AsyncIterable<JsonElement[]>,
): AsyncGenerator<ImportItem> {
  const absent = new AbsentFields(options);
  try {
    yield* readRows(parsedRows(options, blocks, absent), (first) => ({
      reader: jsonReader(options, first),
      isHeader: false,
    }));
    absent.refuse();
  } catch (error) {
    throw readFailure(error, options.path, 'file');
  }
}

async function* parsedRows(
  options: TableOptions,
  blocks: AsyncIterable<JsonElement[]>,
  absent: AbsentFields,
): AsyncGenerator<Iterable<JsonRow>> {
  for await (const elements of blocks) yield rowsOf(options, elements, absent);
}

/** One by one: the records before one that cannot be read count. */
function* rowsOf(
  options: TableOptions,
  elements: readonly JsonElement[],
  absent: AbsentFields,
): Generator<JsonRow> {
  for (const element of elements) {
    const row = parsedRow(options, element);
    absent.look(row.fields);
    yield row;
  }
}

function parsedRow({ path, columns }: TableOptions, { line, number, text }: JsonElement): JsonRow {
  let parsed: ReturnType<typeof parseJsonLine>;
  try {
    parsed = parseJsonLine(text);
  } catch (cause) {
    const reason = (cause as SyntaxError).message;
    throw lineError(path, line, `it is not JSON (${reason})`, { cause });
  }
  const { value, source } = parsed;
  if (Array.isArray(value)) {
    refuseArrayOfRecords(path, line, value);
    return { path, line, number, fields: { [columns.values]: value }, source };
  }
  if (typeof value !== 'object' || value === null) {
    throw lineError(path, line, 'it is neither a JSON object nor a list of values');
  }
  const repeated = repeatedField(source, usedNames(columns));
  if (repeated !== undefined) throw lineError(path, line, `it has two fields "${repeated}"`);
  return { path, line, number, fields: value as JsonRow['fields'], source };
}

/** As a list of values, a whole array of records would be one sequence without a number. */
function refuseArrayOfRecords(path: string, line: number, list: readonly unknown[]): void {
  const [first] = list;
  if (typeof first !== 'object' || first === null || Array.isArray(first)) return;
  throw lineError(path, line, 'it is an array of objects', {
    advice: 'Name the file .json, whose array holds the records; in .jsonl, each line is one.',
  });
}

/** Fields that have a role; of several channels or a range of fields, only their names. */
function usedNames({ channels: _, ignored: __, ...columns }: TableOptions['columns']): string[] {
  return Object.values(columns).flatMap((names) =>
    names === undefined ? [] : [names, ...names.split(',')],
  );
}
