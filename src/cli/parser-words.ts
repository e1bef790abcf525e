/** The parser speaks one language, whatever the user's locale, and marks what it refuses for us to say. */
import type { Argv } from 'yargs';

/** Between the parts of a refusal. */
const MARK = '\u001F';

/** What the parser refuses, by the sentences of its own source that stand for it; some of them have a plural. */
const SENTENCES = {
  'Not enough arguments following: %s': 'noValue',
  'Argument: %s, Given: %s, Choices: %s': 'choice',
  'Arguments %s and %s are mutually exclusive': 'conflict',
} as const;
const PLURALS = {
  'Not enough non-option arguments: got %s, need at least %s': 'tooFew',
  'Unknown argument: %s': 'unknown',
} as const;

type Kinds = typeof SENTENCES & typeof PLURALS;
export type RefusalKind = Kinds[keyof Kinds];

export interface Refusal {
  readonly kind: RefusalKind;
  /** What the parser fills into its sentence. */
  readonly parts: readonly string[];
}

/** Makes a parser answer in marks, and its help in English. */
export function withOwnWords<T>(parser: Argv<T>): Argv<T> {
  const single = Object.entries(SENTENCES).map((entry) => [entry[0], marked(entry)]);
  const plural = Object.entries(PLURALS).map((entry) => {
    return [entry[0], { one: marked(entry), other: marked(entry) }];
  });
  const strings = Object.fromEntries([...single, ...plural]) as Record<string, string>;
  return parser.locale('en').updateStrings(strings);
}

const marked = ([sentence, kind]: [sentence: string, kind: RefusalKind]): string =>
  ['', kind, ...(sentence.match(/%s/g) ?? [])].join(MARK);

/** What a marked sentence says; undefined for any other. */
export function readRefusal(sentence: string): Refusal | undefined {
  const [, kind, ...parts] = sentence.split(MARK);
  const known = [...Object.values(SENTENCES), ...Object.values(PLURALS)].find(
    (name) => name === kind,
  );
  return known === undefined ? undefined : { kind: known, parts };
}
