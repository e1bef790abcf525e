/** What is wrong with a command line, in Lockstep's words rather than the parser's. */
import { LockstepError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';

/** yargs makes NaN of what is no number. @throws LockstepError USAGE naming the option */
export function refuseNotANumber(options: Readonly<Record<string, unknown>>): true {
  const wrong = Object.entries(options).find(([, value]) => Number.isNaN(value));
  if (wrong === undefined) return true;
  throw new LockstepError(
    'USAGE',
    `The value of --${wrong[0]} is not a number.`,
    'Give it a number, or leave it out.',
  );
}

/** Some of its messages the parser throws itself. */
export function isParserError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'YError';
}

/**
 * A sentence of the parser's own, completed.
 * @param options names of those that the command takes
 */
export function usageError(message: string, options: readonly string[] = []): LockstepError {
  const sentence = message.replaceAll(/\s+/g, ' ').trim();
  const known: readonly (readonly [RegExp, (...parts: string[]) => string])[] = [
    [/^Did you mean (.+)\?$/, (name) => `There is no such command. Did you mean "${name}"?`],
    [
      /^Unknown arguments?: (.+)$/,
      (names) => `Unknown here: ${names}.${suggestions(names, options)}`,
    ],
    [/^Not enough non-option arguments: got (\d+), need at least (\d+)$/, missing],
    [
      /^Arguments (.+) and (.+) are mutually exclusive$/,
      (one, other) => `--${one} and --${other} exclude each other.`,
    ],
    [
      /^Invalid values: Argument: (.+), Given: (.+), Choices: (.+)$/,
      (name, given, choices) => `--${name} is ${given}; allowed: ${choices}.`,
    ],
    [/^Not enough arguments following: (.+)$/, (name) => `--${name} needs a value.`],
  ];
  for (const [pattern, say] of known) {
    const parts = pattern.exec(sentence);
    if (parts !== null) return refused(say(...parts.slice(1)));
  }
  return refused(/[.?!]$/.test(sentence) ? sentence : `${sentence}.`);
}

/** For the first of several unknown names that is near to an option. */
function suggestions(names: string, options: readonly string[]): string {
  const nearest = names.split(', ').flatMap((name) => nearestName(name, options) ?? []);
  return nearest.length === 0 ? '' : ` Did you mean --${nearest[0]}?`;
}

const missing = (got: string, needed: string): string =>
  `The command wants ${needed} ${needed === '1' ? 'value' : 'values'} besides its options, there ${got === '1' ? 'is' : 'are'} ${got === '0' ? 'none' : got}.`;

const refused = (message: string): LockstepError =>
  new LockstepError('USAGE', message, 'See `lockstep --help`, or --help after the command.');
