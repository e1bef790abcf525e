/** Imports a JSONL file: one JSON object a line, its values in an array field. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { defineImporter } from './define-importer.ts';
import { readFailure } from './read-failure.ts';
import type { RawRecord } from './record.ts';
import { lineError, type TableOptions, tableColumns, toRecord } from './table-columns.ts';

export const jsonlImporter = defineImporter({
  kind: 'jsonl',
  options: z.object(tableColumns),
  accepts: (path) => path.endsWith('.jsonl'),
  records: (path, columns) => importJsonl({ path, columns }),
});

type Fields = Readonly<Record<string, unknown>>;

/**
 * Yields the lines of the file and ignores empty ones.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the unreadable line
 */
export async function* importJsonl(options: TableOptions): AsyncGenerator<RawRecord> {
  const input = createReadStream(options.path, { encoding: 'utf8' });
  let line = 0;
  try {
    for await (const text of linesOf(input)) {
      line++;
      if (text.trim() !== '') yield recordOf(options, line, parseLine(options.path, line, text));
    }
  } catch (error) {
    throw readFailure(error, options.path, 'file');
  } finally {
    input.destroy();
  }
}

/** The lines of `input`. Throws its errors, which readline does not pass on. */
async function* linesOf(input: ReturnType<typeof createReadStream>): AsyncGenerator<string> {
  let failure: Error | undefined;
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  input.once('error', (error) => {
    failure = error;
    lines.close();
  });
  yield* lines;
  if (failure !== undefined) throw failure;
}

function parseLine(path: string, line: number, text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line === 1 ? text.replace(/^\uFEFF/, '') : text);
  } catch (error) {
    throw lineError(path, line, 'it is not JSON', error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw lineError(path, line, 'it is not a JSON object');
  }
  return parsed as Fields;
}

function recordOf({ path, columns }: TableOptions, line: number, fields: Fields): RawRecord {
  const row = {
    id: textField(path, line, fields, columns.id),
    label: textField(path, line, fields, columns.label),
    group: textField(path, line, fields, columns.group),
    split: textField(path, line, fields, columns.split),
  };
  const fallbackId = `${basename(path)}:${line}`;
  return toRecord(path, line, row, fallbackId, valuesField(path, line, fields, columns.values));
}

/** A string, number or boolean as text; undefined for an absent label, group or split. */
function textField(
  path: string,
  line: number,
  fields: Fields,
  name: string | undefined,
): string | undefined {
  const value = name === undefined ? undefined : fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') throw lineError(path, line, `field "${name}" is not text`);
  return String(value);
}

function valuesField(path: string, line: number, fields: Fields, name: string): Float64Array {
  const found = fields[name];
  if (!Array.isArray(found)) throw lineError(path, line, `it has no array field "${name}"`);
  return Float64Array.from(found, (value: unknown, position) => {
    if (typeof value === 'number') return value;
    if (value === null) return Number.NaN;
    throw lineError(
      path,
      line,
      `field "${name}": ${JSON.stringify(value)} at ${position} is not a number`,
    );
  });
}
