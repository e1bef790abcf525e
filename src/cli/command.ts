import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import { programName } from '../core/program-name.ts';

/** What a command's module exports: its options, and what it does. */
export interface Command<Options> {
  builder(yargs: Argv): Argv<Options> | Promise<Argv<Options>>;
  handler(options: ArgumentsCamelCase<Options>): void | Promise<void>;
}

/** A command of a group, such as `data info`. */
export interface PartCommand<Options> extends Command<Options> {
  /** Its name in the group and the arguments that it takes. */
  readonly command: string;
  /** The same for people, where the parser needs another form. */
  readonly usage?: string;
  readonly describe: string;
}

/** The first lines of a command's help. The parser has no name for the program: lists stay narrow. */
export function withUsage<T>(yargs: Argv<T>, command: string, describe: string): Argv<T> {
  return yargs.usage(`Usage: ${programName()} ${command}\n\n${describe}`);
}

/** A command of a group as the parser takes it. */
export function partOf<Options>(
  group: string,
  { command, usage = command, describe, builder, handler }: PartCommand<Options>,
): CommandModule {
  return {
    command,
    describe,
    builder: async (yargs: Argv) => await builder(withUsage(yargs, `${group} ${usage}`, describe)),
    handler: async (options) => await handler(options as ArgumentsCamelCase<Options>),
  };
}
