/** Guesses the columns of a table from its first line, for the command that a message recommends. */
import { closeSync, readSync } from 'node:fs';
import { openFileSync } from './read-file.ts';
import { systemErrorCode } from './system-error.ts';

/** Of a line with the names of a thousand columns. */
const HEAD_BYTES = 65_536;
const ID = /^(id|\w*_id|series|sequence|sample)$/i;
const TIME = /^(t|time|timestamp|timestep|step|index)$/i;
const LABEL = /^(label|class|target|category|species|kind|type|y)(_?(id|name))?$/i;
const VALUES = 'values';

/** Options of `data import` for a CSV or TSV file; none where its first line names no columns that are known. */
export function likelyImportOptions(path: string): string[] {
  if (!/\.(csv|tsv)$/i.test(path)) return [];
  const line = firstLine(path);
  const isTabbed = /\.tsv$/i.test(path);
  const delimiter = isTabbed ? '\t' : line.includes(',') || !line.includes(';') ? ',' : ';';
  const options = likelyColumns(
    line.split(delimiter).map((name) => name.trim().replace(/^"|"$/g, '')),
  );
  return delimiter === ';' && options.length > 0 ? [...options, '--delimiter', ';'] : options;
}

/** The column among these that looks like the one of the classes. */
export const likelyLabel = (names: readonly string[]): string | undefined =>
  names.find((name) => LABEL.test(name));

/** The column among these that looks like the times of timesteps. */
export const likelyTime = (names: readonly string[]): string | undefined =>
  names.find((name) => TIME.test(name) && !/^index$/i.test(name));

/** @param names of the columns */
export function likelyColumns(names: readonly string[]): string[] {
  const label = likelyLabel(names);
  if (label === undefined) return [];
  const id = names.find((name) => name !== label && ID.test(name));
  const time = id === undefined ? undefined : names.find((name) => TIME.test(name));
  const others = names.filter((name) => ![label, id, time].includes(name));
  if (others.length === 0) return [];
  const values = time === undefined ? 'all-others' : others.join(',');
  return [
    ...(id === undefined ? [] : ['--id', id]),
    ...(time === undefined ? [] : ['--time', time]),
    ...(others.includes(VALUES) ? [] : ['--values', values]),
    ...['--label', label],
  ];
}

/** Empty where it can't be read: the command that is recommended says why. */
function firstLine(path: string): string {
  try {
    const file = openFileSync(path);
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const length = readSync(file, head, 0, HEAD_BYTES, 0);
      return head
        .toString('utf8', 0, length)
        .replace(/^\uFEFF/, '')
        .split(/\r?\n/, 1)[0]!;
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    return '';
  }
}
