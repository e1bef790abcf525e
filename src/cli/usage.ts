/** What is wrong with a command line, and what was meant. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { commandLine, exampleLine } from '../core/program-name.ts';
import { COMMANDS, type CommandEntry, nameOf, partsOf } from './commands.ts';
import { readRefusal } from './parser-words.ts';

/** A command line that was refused, and what its command takes. */
export interface CommandLine {
  readonly args: readonly string[];
  /** Names of the options. */
  readonly options: readonly string[];
  /** What was given for the arguments that the command takes. */
  readonly words: readonly string[];
}

/** A refusal of the parser's; `usageError` says it in a sentence. */
export class UsageProblem extends Error {
  readonly line: CommandLine;

  constructor(message: string, line: CommandLine) {
    super(message);
    this.line = line;
  }
}

/** What the parser knows of its options; yargs's types leave it out. */
export interface KnownOptions {
  readonly key: Readonly<Record<string, unknown>>;
  readonly array: readonly string[];
}

/** @throws LockstepError USAGE for an option that is repeated, has no value or is no number */
export function refuseOddValues(
  values: Readonly<Record<string, unknown>>,
  { key, array }: KnownOptions,
  args: readonly string[],
): true {
  for (const name of Object.keys(key)) {
    const value = values[name];
    const given = valuesIn(args, name);
    if (Array.isArray(value) && !array.includes(name)) {
      throw refused(`--${name} is given ${value.length} times.`, 'Give it once.');
    }
    if (given.length === 0) continue;
    if (value === '' || given[0] === undefined) {
      if (typeof value === 'string' || Number.isNaN(value)) throw noValue(name, args);
    }
    if (!Number.isNaN(value)) continue;
    throw refused(`--${name} is "${given[0]}"; allowed: a number.`, helpFor(args));
  }
  return true;
}

/** The values with which an option stands in the arguments; undefined for one that has none. */
function valuesIn(args: readonly string[], name: string): (string | undefined)[] {
  return args.flatMap((word, at) => {
    if (word.startsWith(`--${name}=`)) return [word.slice(name.length + 3)];
    if (word !== `--${name}`) return [];
    const next = args[at + 1];
    return [next === undefined || isOption(next) ? undefined : next];
  });
}

/** A negative number is no option. */
const isOption = (word: string): boolean => /^-{1,2}[A-Za-z]/.test(word);

/** The refusal as a person reads it. */
export async function usageError({ message, line }: UsageProblem): Promise<LockstepError> {
  const { args } = line;
  const refusal = readRefusal(message);
  const [first = '', second = '', third = ''] = refusal?.parts ?? [];
  switch (refusal?.kind) {
    case 'tooFew':
      return await tooFew(args);
    case 'unknown':
      return await unknown(first.split(', '), line);
    case 'choice':
      return choice({ name: first, given: second, choices: third }, args);
    case 'conflict':
      return refused(`--${first} and --${second} exclude each other.`, 'Leave one of them out.');
    case 'noValue':
      return noValue(first, args);
    case undefined:
      return refused(message, helpFor(args));
  }
}

const noValue = (name: string, args: readonly string[]): LockstepError =>
  refused(`--${name} needs a value.`, helpFor(args));

/** `given` and `choices` are JSON values with commas between. */
function choice(
  { name, given, choices }: { name: string; given: string; choices: string },
  args: readonly string[],
): LockstepError {
  const [value, allowed] = [given, choices].map((list) => JSON.parse(`[${list}]`) as unknown[]);
  const meant = nearestName(String(value![0]), allowed!.map(String));
  return refused(
    `--${name} is ${given}; allowed: ${choices}.`,
    meant === undefined ? helpFor(args) : `Did you mean ${meant}?`,
  );
}

async function tooFew(args: readonly string[]): Promise<LockstepError> {
  const command = commandOf(args);
  if (command === undefined) return refused('Name a command.', helpFor(args));
  const name = spokenName(args, command);
  const example = command.examples.find((line) => line.startsWith(`${name} `));
  const form = command.group?.find((part) => `${nameOf(command)} ${part}`.startsWith(`${name} `));
  const wanted = (form ?? command.command).match(/<.+?>/g) ?? [];
  const { choicesOf } = await import('./meant.ts');
  return refused(
    `"${name}" needs ${wanted.join(' and ')}.${choicesOf(command.command)}`,
    example === undefined ? helpFor(args) : `For example: ${exampleLine(example)}`,
  );
}

/** Too many words, or options that there are not. */
async function unknown(names: readonly string[], line: CommandLine): Promise<LockstepError> {
  const { args } = line;
  const at = args.findIndex((word) => isOption(word) && !line.options.includes(optionName(word)));
  const wrong = args[at];
  if (wrong !== undefined) return await unknownOption(wrong, args[at + 1], line);
  return await extraWord(names[0] ?? '', line);
}

const optionName = (word: string): string => word.replace(/^-+/, '').split('=')[0]!;

/** `--worker 2`, `--seed 3` */
async function unknownOption(
  word: string,
  next: string | undefined,
  line: CommandLine,
): Promise<LockstepError> {
  const { args, options } = line;
  const name = optionName(word);
  const sentence = `There is no option ${word.split('=')[0]} here.`;
  const value = word.includes('=') ? word.slice(word.indexOf('=') + 1) : next;
  const meant = nearestName(name, options);
  if (meant !== undefined) return refused(sentence, `Did you mean --${meant}?`);
  const command = commandOf(args);
  if (name === 'data' && command !== undefined && takesDataset(command)) {
    const line = commandLine(nameOf(command), value ?? 'data/mine');
    return refused(sentence, `Name the dataset without it: "${line}".`);
  }
  if (options.includes('set')) {
    const { overridesMeant } = await import('./meant.ts');
    const overrides = overridesMeant(name, value, line.words[0]);
    if (overrides !== undefined) return refused(sentence, overrides);
  }
  return refused(sentence, helpFor(args));
}

/** Whether its first argument is a dataset. */
const takesDataset = ({ command }: CommandEntry): boolean =>
  /^\w+ (<data>|\[what\])$/.test(command);

/** `train a.yaml b.yaml`, `train a.yaml seed=3`, `predict runs/a new.csv` */
async function extraWord(word: string, { args, options }: CommandLine): Promise<LockstepError> {
  const command = commandOf(args);
  const name = command === undefined ? '' : spokenName(args, command);
  const sentence = `"${word}" is one argument too many for "${name}".`;
  if (options.includes('set') && /^[A-Za-z_][\w.-]*=/.test(word)) {
    return refused(sentence, `Did you mean --set ${word}?`);
  }
  if (word === '-') {
    return refused(
      'Lockstep reads no standard input ("-").',
      'Write what comes through the pipe into a file, and name that.',
    );
  }
  if (options.includes('files') && args.some((arg) => /^--files(=|$)/.test(arg))) {
    return refused(
      sentence,
      "--files takes one path: give several files as a pattern in quotes, such as --files 'new/*.csv'.",
    );
  }
  if (options.includes('files')) {
    const option = existsSync(join(word, 'manifest.json')) ? 'data' : 'files';
    return refused(sentence, `Did you mean --${option} ${word}?`);
  }
  if (command?.command.includes('config')) {
    return refused(sentence, 'Give one configuration to a command.');
  }
  return refused(sentence, helpFor(args));
}

/** The command that the arguments name. */
export function commandOf(args: readonly string[]): CommandEntry | undefined {
  const byName = (word: string) => COMMANDS.find((command) => nameOf(command) === word);
  return args.map(byName).find((command) => command !== undefined);
}

/** "train", or "data import" for one of a group. */
function spokenName(args: readonly string[], command: CommandEntry): string {
  const name = nameOf(command);
  const part = partsOf(command).find((word) => args.includes(word));
  return part === undefined ? name : `${name} ${part}`;
}

/** Where to read on. */
function helpFor(args: readonly string[]): string {
  const command = commandOf(args);
  const words = command === undefined ? [] : spokenName(args, command).split(' ');
  return `See "${commandLine(...words, '--help')}".`;
}

const refused = (message: string, advice: string): LockstepError =>
  new LockstepError('USAGE', message, advice);
