/** The letters of biological sequences and their values. Lower case counts as upper case. */
import { LockstepError } from '../../core/errors.ts';

/** Named alphabets: the place of a letter is its value. */
const NAMED: Readonly<Record<string, string>> = {
  dna: 'ACGTN',
  iupac: 'ACGTNRYSWKMBDHV',
  protein: 'ACDEFGHIKLMNPQRSTVWYXBZJUO*',
};

/** Values of bytes that are no letter of the alphabet. */
export const UNKNOWN = 255;
export const IGNORED = 254;

export interface Alphabet {
  /** Number of letters. */
  readonly size: number;
  /** The value of each byte; `IGNORED` for white space. */
  readonly codes: Uint8Array;
}

/**
 * @param name dna, iupac, protein, or the letters themselves; U is T where only T is a letter
 * @throws LockstepError USAGE for letters that repeat or are none
 */
export function alphabetNamed(name: string): Alphabet {
  const letters = NAMED[name.toLowerCase()] ?? name.toUpperCase();
  const isUsable = /^[!-=?-~]{2,64}$/.test(letters) && new Set(letters).size === letters.length;
  if (!isUsable) {
    throw new LockstepError(
      'USAGE',
      `--alphabet ${name} is neither a name (${Object.keys(NAMED).join(', ')}) nor a list of different letters.`,
      'Give the letters in the order of their values, such as --alphabet ACGT.',
    );
  }
  const codes = new Uint8Array(256).fill(UNKNOWN);
  for (const space of ' \t\r\v\f') codes[space.charCodeAt(0)] = IGNORED;
  const given = letters.includes('T') && !letters.includes('U') ? `${letters}U` : letters;
  for (const letter of given) {
    const value = letters.indexOf(letter === 'U' && !letters.includes('U') ? 'T' : letter);
    codes[letter.charCodeAt(0)] = value;
    codes[letter.toLowerCase().charCodeAt(0)] = value;
  }
  return { size: letters.length, codes };
}
