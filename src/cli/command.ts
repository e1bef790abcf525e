import type { ArgumentsCamelCase, Argv } from 'yargs';

/** What a command's module exports: its options, and what it does. */
export interface Command<Options> {
  builder(yargs: Argv): Argv<Options> | Promise<Argv<Options>>;
  handler(options: ArgumentsCamelCase<Options>): void | Promise<void>;
}
