/** What to do about text that stands where a number should, by what programs and people write there. Pure. */

const ADVICE: readonly (readonly [text: RegExp, advice: string])[] = [
  [
    /^(\.\.\.|…)$/,
    'The list is cut short: "..." stands for numbers that the file lacks. In Python, write values.tolist() and not the array.',
  ],
  [
    /^\[*(np\.|numpy\.|array\(|tensor\(|jnp\.)/i,
    'Python wrote its objects, not the numbers: write values.tolist() instead.',
  ],
  [/^(true|false)$/i, 'Write 1 for true and 0 for false.'],
  [
    /^#[a-z/0-9]+[!?]?$/i,
    'The spreadsheet has an error there: correct it, or leave the cell empty and see --missing.',
  ],
  [
    /^([-–—.*]+|n\.?a\.?|missing|unknown)$/i,
    'Leave the cell of a missing value empty, and see --missing.',
  ],
  [/^[+-]?\d[\d.]*d[+-]?\d+$/i, 'Write the exponent with an e, as in 1.5e3.'],
  [/^[\u2010-\u2015\u2212]\s*\d/, 'Write the minus sign as -.'],
  [
    /^\(?[+-]?[\d.]+(e[+-]?\d+)?[+-][\d.]*(e[+-]?\d+)?[ij]\)?$/i,
    'Write real and imaginary parts into columns of their own: they are two channels.',
  ],
  [/^[+-]?0[xob][\da-f]+$/i, 'Write it in decimal.'],
  [/^[<>≤≥~≈]=?\s*[\d.]/, 'Write the number alone, or leave the cell empty.'],
  [/^\(\s*[\d.,]+\s*\)$/, 'If brackets stand for a minus sign, write it.'],
  [
    /^[+-]?\d{1,3}([\s'’_\u00a0\u202f]\d{3})+([.,]\d+)?$/,
    'Write numbers without separators of thousands.',
  ],
  [/^[+-]?[\d.,]+\s*[%‰]$/, 'Write the number without its sign of per cent.'],
  [
    /^(([$€£¥₹]|[A-Z]{2,3}\s)\s*[+-]?[\d.,]+|[+-]?[\d.,]+(e[+-]?\d+)?\s*[a-z°µμΩ$€£¥₹*][\w°µμΩ²³/%*^-]{0,9})$/i,
    'Write the number without its unit.',
  ],
  [/\p{Cf}/u, 'Remove the invisible characters from the cell.'],
  [/\d\|/, 'Separate the values by commas, semicolons or spaces.'],
  [/^\[/, 'A list of lists has no place in a cell: give each channel a column of its own.'],
  [/^\{/, 'Write the values as a list, such as 1 2 3.'],
  [/^'.*'$/, 'Leave the quotes out, or write " and not \'.'],
];

/** Longer text is no number that someone wrote. */
const LONGEST = 64;

/** Undefined where nothing more is to be said than that it is no number. */
export function adviceOnText(text: string): string | undefined {
  if (text.length > LONGEST) return undefined;
  return ADVICE.find(([pattern]) => pattern.test(text.trim()))?.[1];
}
