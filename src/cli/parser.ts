/** The parser of `lockstep …`: commands, help, and what it refuses. */
import yargs, { type Argv } from 'yargs';
import { programName } from '../core/program-name.ts';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import { whatIsAsked } from './asked.ts';
import { COMMANDS, commandModule } from './commands.ts';
import { withOwnWords } from './parser-words.ts';
import {
  type CommandLine,
  type KnownOptions,
  refuseOddValues,
  UsageProblem,
  usageError,
} from './usage.ts';

const WIDEST = 100;

/**
 * Runs the command that the arguments name.
 * @throws LockstepError USAGE for a command line that is wrong, and what the command throws
 */
export async function runCommandLine(args: readonly string[], columns?: number): Promise<void> {
  const asked = whatIsAsked(args, COMMANDS);
  const parser = lockstepParser(asked, columns);
  try {
    await parser.parseAsync();
  } catch (thrown) {
    if (thrown instanceof UsageProblem) throw await usageError(thrown);
    if (!isParserError(thrown)) throw thrown;
    // Of a value that is missing it hears before it knows the command.
    throw await usageError(new UsageProblem(thrown.message, commandLineAt(parser, asked)));
  }
}

const isParserError = (thrown: unknown): thrown is Error =>
  thrown instanceof Error && thrown.name === 'YError';

/**
 * @param columns width of the terminal
 * @returns a parser whose refusals `usageError` puts into words
 */
export function lockstepParser(args: readonly string[], columns = WIDEST): Argv {
  const parser = withOwnWords(yargs([...args]))
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'parse-positional-numbers': false,
    })
    // Without a name: the help lists commands by theirs alone.
    .scriptName(args[0] === 'completion' ? 'lockstep' : '')
    .usage(
      `Usage: ${programName()} <command>\n\nTrains models of long 1-D sequences: the same bits on any number of workers.`,
    )
    .epilogue(`Options and examples of a command: ${programName()} <command> --help`)
    .command(COMMANDS.map(commandModule))
    .demandCommand(1)
    .strict()
    .completion('completion', 'Print a script that completes commands in bash or zsh')
    .version(LOCKSTEP_VERSION)
    .help()
    .wrap(Math.min(WIDEST, columns))
    .exitProcess(false)
    .check((values) => refuseOddValues(values, knownOptions(parser), args), true)
    .fail((message, error) => {
      if (error !== undefined && !isParserError(error)) throw error;
      throw new UsageProblem(message, commandLineAt(parser, args));
    });
  return parser;
}

/** What the parser knows of the command at hand; yargs's types leave the methods out. */
const knownOptions = (parser: Argv): KnownOptions =>
  (parser as Argv & { getOptions(): KnownOptions }).getOptions();

function commandLineAt(parser: Argv, args: readonly string[]): CommandLine {
  const { parsed } = parser as Argv & { parsed: { argv: Record<string, unknown> } | false };
  const words = parsed === false ? [] : [parsed.argv.config, parsed.argv.run];
  return {
    args,
    options: Object.keys(knownOptions(parser).key),
    words: words.filter((word) => typeof word === 'string'),
  };
}
