/** One line of a JSONL file: its fields, and their numbers as they are written. */

/**
 * `JSON.parse` that also reads what Python's json.dumps writes: NaN becomes null, Infinity becomes Infinity.
 * @throws SyntaxError of the line as it stands
 */
export function parseJsonLine(text: string): { value: unknown; source: string } {
  try {
    return { value: JSON.parse(text), source: text };
  } catch (error) {
    const source = withoutPythonWords(text);
    if (source === text) throw error;
    try {
      return { value: JSON.parse(source), source };
    } catch {
      throw error;
    }
  }
}

/** A string up to its end, or to the end of the line: each text matches in one way only. */
const STRING = String.raw`"[^"\\]*(?:\\[^]?[^"\\]*)*(?:"|$)`;
const STRING_OR_WORD = new RegExp(String.raw`${STRING}|-?\b[A-Za-z]+\b`, 'g');

/** JSON has no such words; 1e999 is too large for any number. */
const WORDS: Readonly<Record<string, string>> = {
  NaN: 'null',
  nan: 'null',
  None: 'null',
  Infinity: '1e999',
  '-Infinity': '-1e999',
  inf: '1e999',
  '-inf': '-1e999',
};

const withoutPythonWords = (text: string): string =>
  text.replace(STRING_OR_WORD, (token) => (Object.hasOwn(WORDS, token) ? WORDS[token]! : token));

/**
 * The first of some fields that an object has twice: `JSON.parse` keeps the last one and says nothing.
 * @param source a JSON object
 */
export function repeatedField(source: string, names: readonly string[]): string | undefined {
  const suspects = names.filter((name) => {
    const key = JSON.stringify(name);
    const first = source.indexOf(key);
    return first >= 0 && source.includes(key, first + 1);
  });
  if (suspects.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const { key } of fieldsOf(source)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return suspects.find((name) => counts.get(name)! > 1);
}

/** Strings, lists of plain numbers, brackets, and the other values. */
const TOKEN = new RegExp(String.raw`${STRING}|\[[^[\]{}"]*\]|[[\]{}]|[^\s",:[\]{}]+`, 'g');

/**
 * The text of a field that is no object and no list, as it stands in the line: `JSON.parse` rounds an integer
 * beyond 2^53.
 * @param source a JSON object
 */
export function sourceOfField(source: string, name: string): string | undefined {
  for (const { key, token } of fieldsOf(source)) if (key === name) return token;
  return undefined;
}

/** The fields of an object, with the text of those that are no object and no list of lists or objects. */
function* fieldsOf(source: string): Generator<{ key: string; token: string | undefined }> {
  let depth = 0;
  let key: string | undefined;
  for (const [token] of source.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') {
      depth--;
      if (depth !== 1 || key === undefined) continue;
      yield { key, token: undefined };
      key = undefined;
    } else if (depth === 1 && key === undefined) {
      key = JSON.parse(token) as string;
    } else if (depth === 1) {
      yield { key: key!, token };
      key = undefined;
    }
  }
}
