/** Folds text to a few symbols, one symbol for each character. */

/** A map from text to symbols. */
export interface SymbolMap {
  readonly name: string;
  /** What each symbol means; a symbol is an index into them. */
  readonly symbols: readonly string[];
  /** One symbol for each Unicode code point, at most `limit` of them. Every code point has a symbol. */
  encode(text: string, limit?: number): Uint8Array;
}

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz');
/** The symbols of `TEXT_41` after the letters; each names the ASCII characters that fold to it. */
const AFTER_LETTERS = [
  '0123456789',
  '"\'`',
  '([{',
  ')]}',
  '.',
  ',',
  ';:',
  '<>',
  '=+*%^~',
  '/\\',
  '-_',
  '!?&|@#$',
] as const;

const SPACE = 0;
const NEWLINE = 1;
const FIRST_LETTER = 2;
const FIRST_AFTER_LETTERS = FIRST_LETTER + LETTERS.length;
const OTHER = FIRST_AFTER_LETTERS + AFTER_LETTERS.length;

const NAMES = [
  'space (space, tab, other white space within a line)',
  'end of line (line feed, carriage return, form feed, U+2028, U+2029)',
  ...LETTERS,
  ...AFTER_LETTERS,
  'anything else (other controls, other scripts)',
];

const ASCII = asciiTable();

function asciiTable(): Uint8Array {
  const table = new Uint8Array(128).fill(OTHER);
  for (const space of ' \t') table[space.charCodeAt(0)] = SPACE;
  for (const end of '\n\r\v\f') table[end.charCodeAt(0)] = NEWLINE;
  LETTERS.forEach((letter, i) => {
    table[letter.charCodeAt(0)] = FIRST_LETTER + i;
    table[letter.toUpperCase().charCodeAt(0)] = FIRST_LETTER + i;
  });
  AFTER_LETTERS.forEach((characters, i) => {
    for (const character of characters) table[character.charCodeAt(0)] = FIRST_AFTER_LETTERS + i;
  });
  return table;
}

/** Folds a Latin letter with marks to its base letter, white space to `SPACE`, the rest to `OTHER`. */
function foldBeyondAscii(character: string): number {
  if (character === '\u2028' || character === '\u2029') return NEWLINE;
  if (/^\s$/u.test(character)) return SPACE;
  const base = character.normalize('NFD').charCodeAt(0);
  const folded = base < 128 ? ASCII[base]! : OTHER;
  return folded >= FIRST_LETTER && folded < FIRST_AFTER_LETTERS ? folded : OTHER;
}

function encodeText(text: string, limit = Number.POSITIVE_INFINITY): Uint8Array {
  const symbols = new Uint8Array(Math.min(text.length, limit));
  let count = 0;
  for (let i = 0; i < text.length && count < symbols.length; count++) {
    const unit = text.charCodeAt(i);
    if (unit < 128) {
      symbols[count] = ASCII[unit]!;
      i++;
    } else {
      const character = String.fromCodePoint(text.codePointAt(i)!);
      symbols[count] = foldBeyondAscii(character);
      i += character.length;
    }
  }
  return symbols.subarray(0, count);
}

/**
 * 41 symbols for source text: 0 space, 1 end of line, 2–27 letters without case or marks, 28 digits,
 * 29 quotes, 30 opening and 31 closing brackets, 32 `.`, 33 `,`, 34 `;:`, 35 `<>`, 36 `=+*%^~`, 37 slashes,
 * 38 `-_`, 39 `!?&|@#$`, 40 anything else.
 */
export const TEXT_41: SymbolMap = { name: 'text-41', symbols: NAMES, encode: encodeText };

/** Symbol maps by their name on the command line. */
export const SYMBOL_MAPS: Readonly<Record<string, SymbolMap>> = { [TEXT_41.name]: TEXT_41 };
