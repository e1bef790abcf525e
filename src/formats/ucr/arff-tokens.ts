/** Words of an .arff line: between commas, in quotes where they hold commas, spaces or quotes. */

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** A word of a line. */
export interface ArffWord {
  readonly text: string;
  /** A quoted ? is text, a bare one a missing value. */
  readonly isQuoted: boolean;
}

/**
 * Splits a line at its commas.
 * @throws Error for a quote that does not end
 */
export function splitArff(line: string): ArffWord[] {
  const words: ArffWord[] = [];
  let at = 0;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at++;
    const quote = line[at];
    const isQuoted = quote === "'" || quote === '"';
    const word = isQuoted ? quotedWord(line, at) : bareWord(line, at);
    words.push({ text: word.text, isQuoted });
    at = word.end;
    while (line[at] === ' ' || line[at] === '\t') at++;
    if (at >= line.length) return words;
    if (line[at] !== ',') throw new Error(`"${line.slice(at, at + 20)}" follows a quoted word`);
    at++;
  }
}

function bareWord(line: string, start: number) {
  const comma = line.indexOf(',', start);
  const end = comma < 0 ? line.length : comma;
  return { text: line.slice(start, end).trim(), end };
}

/** Reads up to the next quote of the same kind; a backslash keeps the character behind it. */
export function quotedWord(line: string, start: number): { text: string; end: number } {
  const quote = line[start]!;
  let text = '';
  let from = start + 1;
  for (let at = from; at < line.length; at++) {
    const character = line[at]!;
    if (character === quote) return { text: text + line.slice(from, at), end: at + 1 };
    if (character !== '\\') continue;
    const escaped = line[at + 1] ?? '';
    text += line.slice(from, at) + (ESCAPES[escaped] ?? escaped);
    at++;
    from = at + 1;
  }
  throw new Error('a quote has no end');
}
