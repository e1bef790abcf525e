/** The command line: `lockstep <command>`. */
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import { outliveReader } from '../launch/closed-pipe.ts';
import { reportError } from '../launch/exit.ts';
import { COMMANDS } from './commands.ts';
import { isParserError, refuseNotANumber, usageError } from './usage.ts';

const parser: Argv = yargs(hideBin(process.argv))
  .scriptName('lockstep')
  .usage(
    '$0 <command>\n\nTrains models of long 1-D sequences: the same bits on any number of workers.',
  )
  .command(COMMANDS)
  .demandCommand(1, 'Name a command.')
  .recommendCommands()
  .strict()
  .completion('completion', 'Print a script that completes commands in bash or zsh')
  .version(LOCKSTEP_VERSION)
  .help()
  .wrap(100)
  .exitProcess(false)
  .check(refuseNotANumber, true)
  .fail((message, error) => {
    throw error ?? usageError(message, optionsOf(parser));
  });

/** Names of the options that the command at hand takes; yargs's types leave the method out. */
function optionsOf(parser: Argv): string[] {
  const { key } = (
    parser as Argv & { getOptions(): { key: Record<string, unknown> } }
  ).getOptions();
  return Object.keys(key);
}

outliveReader(process.stderr);
// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  await parser.parseAsync();
} catch (thrown) {
  process.exitCode = reportError(isParserError(thrown) ? usageError(thrown.message) : thrown);
}
