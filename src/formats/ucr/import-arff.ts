/** Imports .arff files: the numeric attributes of a line are the timesteps of a sequence. */
import { basename } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { RoundedInteger } from '../../core/exact-integer.ts';
import type { ImportItem } from '../../data/record.ts';
import { defineImporter } from '../../source/define-importer.ts';
import { contentName } from '../../source/file/compressed.ts';
import { linesOf, readText } from '../../source/file/read-text.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { interleaved, UNEVEN } from '../../source/table/interleave.ts';
import { absentColumn, itemOfLine, lineError } from '../../source/table/table-columns.ts';
import { isIdName, isTargetName } from '../../source/table/target-name.ts';
import { type ArffAttribute, ArffHeaderReader } from './arff-header.ts';
import { type ArffWord, splitArff } from './arff-tokens.ts';
import { parseNumber, parseSeries } from './series.ts';

const options = z.object({
  /** The attribute of the classes; the only nominal one by default. */
  label: z.string().optional(),
  id: z.string().optional(),
  group: z.string().optional(),
  split: z.string().optional(),
  /** A numeric attribute that is the target of a regression, not a timestep. */
  target: z.string().optional(),
});

type Options = z.output<typeof options>;

export const arffImporter = defineImporter({
  kind: 'arff',
  options,
  accepts: (path) => /\.arff$/i.test(contentName(path)),
  records: importArff,
});

/**
 * Yields a record a line.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID, which names the line; USAGE where the class is in doubt
 */
async function* importArff(path: string, given: Options): AsyncGenerator<ImportItem> {
  const header = new ArffHeaderReader();
  let rows: ArffRows | undefined;
  let line = 0;
  for await (const text of linesOf(readText(path))) {
    line++;
    if (text.trim() === '' || text.trimStart().startsWith('%')) continue;
    try {
      if (rows !== undefined) yield rows.item(line, text);
      else {
        const attributes = header.add(text);
        if (attributes !== undefined) rows = new ArffRows(path, attributes, given);
      }
    } catch (cause) {
      if (cause instanceof LockstepError) throw cause;
      const advice = cause instanceof RoundedInteger ? cause.advice : undefined;
      throw lineError(path, line, (cause as Error).message, { cause, advice });
    }
  }
  if (rows === undefined) throw sourceError(path, 'it is no .arff file: it has no line "@data"');
}

const ROLES = ['label', 'id', 'group', 'split', 'target'] as const;
type Role = (typeof ROLES)[number];

/** Turns lines into records. */
class ArffRows {
  readonly #path: string;
  readonly #attributes: readonly ArffAttribute[];
  readonly #places: ReadonlyMap<Role, number>;
  readonly #values: readonly number[];
  /** The place of an attribute with several channels, which is then the only one with values. */
  readonly #relational: number | undefined;

  constructor(path: string, attributes: readonly ArffAttribute[], given: Options) {
    this.#path = path;
    this.#attributes = attributes;
    this.#places = placesOf(path, attributes, given);
    const taken = new Set(this.#places.values());
    const free = [...attributes.keys()].filter((place) => !taken.has(place));
    refuseUnread(
      path,
      free.map((place) => attributes[place]!),
    );
    const relational = free.filter((place) => attributes[place]!.type === 'relational');
    if (relational.length > 1 || (relational.length === 1 && free.length > 1)) {
      throw sourceError(path, 'beside a relational attribute there are other values');
    }
    this.#values = free;
    this.#relational = relational[0];
  }

  item(line: number, text: string): ImportItem {
    if (text.trimStart().startsWith('{')) throw new Error('it is sparse, which is not read');
    const words = splitArff(text);
    if (words.length !== this.#attributes.length) {
      throw new Error(`it has ${words.length} values for ${this.#attributes.length} attributes`);
    }
    const series = this.#series(words);
    const values = interleaved(series);
    const textOf = (role: Role) => this.#text(role, words);
    const id = textOf('id');
    const fallbackId = `${basename(this.#path)}:${line}`;
    if (values === UNEVEN) return { id: id || fallbackId, skipped: 'uneven-channels' };
    const target = this.#places.get('target');
    const row = {
      ...{ id, label: textOf('label'), group: textOf('group'), split: textOf('split') },
      ...(target !== undefined && { targets: [parseNumber(words[target]!.text)] }),
    };
    const facts = { values, channels: series.length, isPadded: true };
    return itemOfLine(this.#path, line, row, fallbackId, facts);
  }

  #series(words: readonly ArffWord[]): number[][] {
    if (this.#relational === undefined)
      return [this.#values.map((place) => parseNumber(words[place]!.text))];
    return words[this.#relational]!.text.split('\n').map(parseSeries);
  }

  #text(role: Role, words: readonly ArffWord[]): string | undefined {
    const place = this.#places.get(role);
    if (place === undefined) return undefined;
    const { text, isQuoted } = words[place]!;
    if (text === '?' && !isQuoted) return '';
    const { type, name, classes } = this.#attributes[place]!;
    if (type !== 'class' || classes.has(text)) return text;
    throw new Error(`"${text}" is none of the classes of "${name}"`);
  }
}

/** Which attribute has which role. */
function placesOf(
  path: string,
  attributes: readonly ArffAttribute[],
  given: Options,
): Map<Role, number> {
  const known = attributes.map(({ name }) => name);
  const places = new Map<Role, number>();
  for (const role of ROLES) {
    const name = given[role];
    if (name === undefined) continue;
    const place = known.indexOf(name);
    if (place < 0) throw absentColumn(path, { kind: 'column', name, role, known });
    places.set(role, place);
  }
  if (!places.has('label')) addOnlyClass(path, attributes, places);
  return places;
}

function addOnlyClass(
  path: string,
  attributes: readonly ArffAttribute[],
  places: Map<Role, number>,
): void {
  const taken = new Set(places.values());
  const nominal = attributes.flatMap(({ type }, place) =>
    type === 'class' && !taken.has(place) ? [place] : [],
  );
  if (nominal.length > 1) {
    const names = nominal.map((place) => attributes[place]!.name).join(', ');
    throw new LockstepError(
      'USAGE',
      `Cannot import "${path}": several attributes are nominal (${names}).`,
      'Name the one of the classes with --label.',
    );
  }
  if (nominal[0] !== undefined) places.set('label', nominal[0]);
}

function refuseUnread(path: string, attributes: readonly ArffAttribute[]): void {
  const target = attributes.find(({ name, type }) => type === 'number' && isTargetName(name));
  if (target !== undefined) {
    throw new LockstepError(
      'USAGE',
      `Cannot import "${path}": its attribute "${target.name}" would become a timestep.`,
      `Say --label ${target.name} if it numbers the classes, --target ${target.name} if it is a number to predict.`,
    );
  }
  const id = attributes.find(({ name, type }) => type === 'number' && isIdName(name));
  if (id !== undefined) {
    throw new LockstepError(
      'USAGE',
      `Cannot import "${path}": its attribute "${id.name}" would become a timestep.`,
      `Say --id ${id.name}, or give it another name.`,
    );
  }
  const strange = attributes.find(({ type }) => type === 'text' || type === 'class');
  if (strange === undefined) return;
  throw sourceError(path, `its attribute "${strange.name}" holds no numbers`, {
    advice: 'Name it with --id, --group or --label, or take it out of the file.',
  });
}
