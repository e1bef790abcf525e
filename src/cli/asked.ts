/** What the first words ask for, before the parser sees them. */
import { existsSync } from 'node:fs';
import { LockstepError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { commandLine } from '../core/program-name.ts';
import { type CommandEntry, nameOf, partsOf } from './commands.ts';

/** With this one a shell asks the parser itself. */
const COMPLETION = '--get-yargs-completions';

/** What others call our commands. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  answers: 'study',
  fit: 'train',
  continue: 'resume',
  test: 'evaluate',
  infer: 'predict',
  profile: 'bench profile',
  import: 'data import',
  synth: 'data synth',
  info: 'data info',
};

/**
 * The arguments in one form: no word at all, `help train`, `train -h` and a bare `data` ask for help.
 * @throws LockstepError USAGE for a command or a second word that there is not
 */
export function whatIsAsked(
  args: readonly string[],
  commands: readonly CommandEntry[],
): readonly string[] {
  if (args.includes(COMPLETION)) return args;
  const words = args.map((word) => (word === '-h' ? '--help' : word === '-v' ? '--version' : word));
  if (words.includes('--'))
    throw new LockstepError('USAGE', 'No option is read after "--".', 'Leave "--" out.');
  const [first, second] = words;
  if (first === undefined) return ['--help'];
  if (first === 'help') return whatIsAsked([...words.slice(1), '--help'], commands);
  const names = [...commands.map(nameOf), 'completion'];
  if (isOption(first)) return optionsFirst(words, names);
  if (!names.includes(first)) throw unknownCommand(words, names);
  const command = commands.find((known) => nameOf(known) === first);
  if (command?.group === undefined) return words;
  if (second === undefined) return [first, '--help'];
  const parts = partsOf(command);
  if (!isOption(second) && !parts.includes(second)) throw unknownPart(first, second, parts);
  return words;
}

const isOption = (word: string): boolean => word.startsWith('-');

/** Options in front of the command are the parser's business, as long as there is one. */
function optionsFirst(words: readonly string[], names: readonly string[]): readonly string[] {
  const isComplete = words.some((word) => ['--help', '--version', ...names].includes(word));
  if (isComplete) return words;
  const meant = nearestName(words[0]!, ['--help', '--version']);
  throw new LockstepError(
    'USAGE',
    `"${words[0]}" comes before any command.`,
    meant === undefined ? `Name a command first: ${names.join(', ')}.` : `Did you mean "${meant}"?`,
  );
}

function unknownCommand([word = '', ...rest]: readonly string[], names: string[]): LockstepError {
  const meant = OTHER_WORDS[word] ?? nearestName(word, names);
  const isFile = meant === undefined && existsSync(word);
  return new LockstepError(
    'USAGE',
    `There is no command "${word}"; the commands are ${names.join(', ')}.`,
    isFile
      ? `Did you mean "${commandLine('train', word, ...rest)}"?`
      : hint(meant, commandLine('--help')),
  );
}

function unknownPart(command: string, word: string, group: readonly string[]): LockstepError {
  return new LockstepError(
    'USAGE',
    `There is no "${command} ${word}"; after "${command}" follows ${either(group)}.`,
    hint(nearestName(word, group), commandLine(command, '--help')),
  );
}

const hint = (meant: string | undefined, help: string): string =>
  meant === undefined ? `See "${help}".` : `Did you mean "${meant}"?`;

/** "a, b or c" */
const either = (words: readonly string[]): string =>
  `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
