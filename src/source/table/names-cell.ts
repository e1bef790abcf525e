/** The class names in one cell of a table. */

const SEPARATORS = ['|', ';', '\t', ','] as const;

/**
 * Reads a list of names: between bars, semicolons, tabs, commas or, where there is none of these, spaces; with or
 * without brackets, and with or without quotes around each name. An empty place is an empty name.
 */
export function parseNamesCell(cell: string): string[] {
  const text = cell.trim();
  const list = /^\[.*\]$/s.test(text) ? text.slice(1, -1) : text;
  if (list.trim() === '') return [];
  const separator = SEPARATORS.find((character) => list.includes(character)) ?? /\s+/;
  return list.split(separator).map((name) => withoutQuotes(name.trim()));
}

const withoutQuotes = (name: string): string => /^(['"])(.*)\1$/s.exec(name)?.[2] ?? name;
