/** What stands between the cells of a CSV file. Pure. */
import { LockstepError } from '../../core/errors.ts';
import { contentName } from '../../source/file/compressed.ts';
import type { Separator } from './csv-rows.ts';

/** A file, and what an option says of it. */
export interface SeparatorOptions {
  readonly path: string;
  /** Between cells: by default a tab in a .tsv file, a comma in others. `spaces`: a run of spaces and tabs. */
  readonly delimiter?: string | undefined;
}

/**
 * A tab is hard to type: `\\t` stands for it.
 * @throws LockstepError USAGE for anything but one ASCII character or the word
 */
export function separatorOf({ path, delimiter }: SeparatorOptions): Separator {
  if (delimiter === undefined) return /\.tsv$/i.test(contentName(path)) ? 0x09 : 0x2c;
  if (delimiter === 'spaces') return delimiter;
  const character = delimiter === '\\t' ? '\t' : delimiter;
  if (/^[\t !#-*,/:-@[-`{-~]$/.test(character)) return character.charCodeAt(0);
  throw new LockstepError(
    'USAGE',
    `Cannot use the delimiter ${JSON.stringify(delimiter)}: allowed is one ASCII character, no quote, letter, digit or sign.`,
    "Give a comma, ';', '|' or '\\t' for a tab; or the word spaces for any number of spaces and tabs.",
  );
}
