/** Words for missing and infinite numbers, as other programs write them. */
const NON_FINITE: Readonly<Record<string, number>> = {
  '': Number.NaN,
  '?': Number.NaN,
  nan: Number.NaN,
  na: Number.NaN,
  'n/a': Number.NaN,
  '<na>': Number.NaN,
  '#n/a': Number.NaN,
  '#na': Number.NaN,
  null: Number.NaN,
  none: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  // As programs compiled with Microsoft's C write them.
  '1.#qnan': Number.NaN,
  '1.#ind': Number.NaN,
  'nan(ind)': Number.NaN,
  '1.#inf': Number.POSITIVE_INFINITY,
};

/** The number that a word such as "nan" or "-Inf" stands for; undefined for any other text. */
export function nonFiniteNumber(text: string): number | undefined {
  const word = text.toLowerCase().replace(/^[+-](?=.)/, '');
  if (!Object.hasOwn(NON_FINITE, word)) return undefined;
  return text.startsWith('-') ? -NON_FINITE[word]! : NON_FINITE[word];
}
