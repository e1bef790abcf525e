/** Splits that a file of its own gives: a CSV file with the columns id and split. */
import { LockstepError } from '../core/errors.ts';
import { listNames } from '../core/name-list.ts';
import { type ImportItem, isSkip } from '../data/record.ts';
import { csvRows, type Row } from '../formats/csv/csv-rows.ts';
import { readText } from '../source/file/read-text.ts';
import { sourceError } from '../source/file/source-error.ts';
import { type RowFault, splitOf } from '../source/table/row-record.ts';
import { lineError } from '../source/table/table-columns.ts';

type ListedSplit = ReturnType<typeof splitOf>;

const COMMA = 0x2c;
const HEADER = 'id,split';

/**
 * Gives each record the split that the file lists for its id. Records that it does not list keep theirs.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for a bad line, an id that is listed twice, and, at the end, for
 *   ids that no record has
 */
export async function* withListedSplits(
  items: AsyncIterable<ImportItem> | Iterable<ImportItem>,
  path: string,
): AsyncGenerator<ImportItem> {
  const splits = await readSplitList(path);
  const unseen = new Set(splits.keys());
  for await (const item of items) {
    unseen.delete(item.id);
    const split = splits.get(item.id);
    yield split === undefined || isSkip(item) ? item : { ...item, splitName: undefined, ...split };
  }
  if (unseen.size === 0) return;
  throw new LockstepError(
    'DATA_INVALID',
    `"${path}" lists ${unseen.size} ${unseen.size === 1 ? 'id' : 'ids'} that no sequence has: ${listNames([...unseen], 5)}.`,
    'Name the column of the ids by --id, and list the ids as they stand there.',
  );
}

async function readSplitList(path: string): Promise<ReadonlyMap<string, ListedSplit>> {
  const splits = new Map<string, ListedSplit>();
  let hasHeader = false;
  for await (const rows of csvRows(path, readText(path), COMMA)) {
    for (const row of rows) {
      if (hasHeader) addRow(splits, path, row);
      else hasHeader = checkHeader(path, row);
    }
  }
  if (!hasHeader) throw sourceError(path, `it is empty; its first line must be "${HEADER}"`);
  return splits;
}

function checkHeader(path: string, row: Row): true {
  const found = Array.from({ length: row.size }, (_, cell) => row.text(cell).trim()).join();
  if (found === HEADER) return true;
  throw lineError(
    path,
    row.line,
    `its header is "${found}"; a list of splits begins with "${HEADER}"`,
  );
}

function addRow(splits: Map<string, ListedSplit>, path: string, row: Row): void {
  if (row.size !== 2) throw lineError(path, row.line, `it has ${row.size} cells instead of 2`);
  const [id, split] = [row.text(0).trim(), row.text(1).trim()];
  const error: RowFault = (what, advice) => lineError(path, row.line, what, { advice });
  if (split === '') throw error(`it names no split for "${id}"`);
  if (splits.has(id)) throw error(`the id "${id}" is listed twice`);
  splits.set(id, splitOf(split, error));
}
