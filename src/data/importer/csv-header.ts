/** What a header that lacks a column looks like. */

/** The first line of a CSV file. */
export interface Header {
  readonly header: readonly string[];
  /** By which it was divided. */
  readonly delimiter: string;
}

const SEPARATORS = [
  { separator: ';', name: 'semicolons', option: "';'" },
  { separator: '\t', name: 'tabs', option: "'\\t'" },
  { separator: ',', name: 'commas', option: ',' },
  { separator: '|', name: 'bars', option: "'|'" },
] as const;

/** What to do if the header has other separators, or is none; empty if it looks like a header. */
export function headerHint({ header, delimiter }: Header, wanted: string): string {
  const line = header.join(delimiter);
  const found = SEPARATORS.find(({ separator }) => {
    if (separator === delimiter) return false;
    const names = line.split(separator);
    return names.includes(wanted) || (header.length === 1 && names.length > 1);
  });
  if (found !== undefined) {
    return `Its first line looks separated by ${found.name}: say --delimiter ${found.option}.`;
  }
  const numbers = header.filter((name) => name.trim() !== '' && Number.isFinite(Number(name)));
  if (numbers.length * 2 <= header.length) return '';
  return 'Its first line looks like data: give the file a header, and one column that holds all values of a row.';
}
