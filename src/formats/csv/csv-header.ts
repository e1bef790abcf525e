/** What the first line of a table tells about it: other separators, no header, columns that are timesteps. Pure. */

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
  { separator: /\s+/, name: 'spaces', option: 'spaces' },
] as const;

/** What to do if the header has other separators, or is none, or names timesteps; empty if it tells nothing. */
export function headerHint({ header, delimiter }: Header, wanted: string): string {
  const line = header.join(delimiter).trim();
  if (/^(#|%|\/\/)/.test(line)) return 'Its first line looks like a comment: remove such lines.';
  const found = SEPARATORS.find(({ separator, option }) => {
    if (separator === delimiter || option === delimiter) return false;
    const names = line.split(separator);
    if (names.includes(wanted)) return true;
    // Any sentence has spaces.
    const isLikely = option !== 'spaces' || looksLikeData(names);
    return header.length === 1 && names.length > 1 && isLikely;
  });
  if (found === undefined) return namesHint(header);
  const names = line.split(found.separator);
  const words = `Its first line looks separated by ${found.name}: say --delimiter ${found.option}.`;
  return names.includes(wanted) ? words : [words, namesHint(names)].join(' ').trim();
}

function namesHint(names: readonly string[]): string {
  if (looksLikeData(names)) {
    return 'Its first line looks like data, not like a header: say --no-header, which names the columns 1, 2, 3, …; with the class first and one value a column (the UCR layout), --no-header --label 1 --values 2..';
  }
  const run = longestRun(names);
  if (run === undefined) return '';
  return `If the columns ${run.first} to ${run.last} are the timesteps of a sequence, say --values ${run.first}..${run.last}.`;
}

/** Most names are numbers, and these do not rise: a header of numbers counts. */
export function looksLikeData(names: readonly string[]): boolean {
  const numbers = names.filter((name) => name.trim() !== '' && Number.isFinite(Number(name)));
  if (numbers.length * 2 <= names.length) return false;
  return (
    numbers.length < 3 || numbers.some((name, i) => i > 0 && Number(name) <= Number(numbers[i - 1]))
  );
}

/** Fewer columns are no sequence. */
const SHORTEST_RUN = 3;

/** The longest row of columns with one beginning and rising numbers: t0, t1, … */
function longestRun(names: readonly string[]): { first: string; last: string } | undefined {
  let [best, bestStart, start] = [0, 0, 0];
  for (let i = 1; i <= names.length; i++) {
    if (i < names.length && follows(names[i]!, names[i - 1]!)) continue;
    if (i - start > best) [best, bestStart] = [i - start, start];
    start = i;
  }
  if (best < SHORTEST_RUN) return undefined;
  return { first: names[bestStart]!, last: names[bestStart + best - 1]! };
}

function follows(name: string, before: string): boolean {
  const [own, other] = [numbered(name), numbered(before)];
  return own?.prefix === other?.prefix && own?.number === (other?.number ?? Number.NaN) + 1;
}

function numbered(name: string): { prefix: string; number: number } | undefined {
  const [, prefix, digits] = /^(.*?)(\d{1,15})$/s.exec(name) ?? [];
  return prefix === undefined ? undefined : { prefix, number: Number(digits) };
}
