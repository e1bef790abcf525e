/** Raw files that are not what a model was trained on, in sentences for someone who cannot say how they are read. */
import { basename } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { commandLine } from '../../core/program-name.ts';

/** A longer command is no example. */
const LONGEST_COMMAND = 240;

/** What the values of a format are, where that is not simply numbers. */
const MEANINGS: Readonly<Record<string, string>> = {
  fasta: 'letters',
  fastq: 'letters',
  wav: 'sounds',
  folder: 'files',
};
const meaningOf = (kind: string): string => MEANINGS[kind] ?? 'numbers';

/** By which importers the training data and the raw files are read. */
export interface SourceKinds {
  readonly trained: string;
  readonly found: string;
  /** Whether the training data were sounds, of a folder too. */
  readonly isSound: boolean;
}

/**
 * Refuses files whose values mean something else than those of training, even where both are numbers in the end: bases
 * for a model of measurements, or the rows of one table for a model of a folder's files.
 * @throws LockstepError DATA_INVALID
 */
export function refuseOtherKind(source: string, { trained, found, isSound }: SourceKinds): void {
  const [before, now] = [meaningOf(trained), meaningOf(found)];
  // A folder refuses files of formats that its rules do not read.
  if (before === now || now === 'files' || (isSound && now === 'sounds')) return;
  const what =
    before === 'files'
      ? 'each file of a folder was a sequence of the training data'
      : `the training data were ${before}, and these are ${now}`;
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import "${source}" as the training data were imported: ${what}.`,
    before === 'files' ? 'Put the files into a folder, and give that.' : 'Give files of that kind.',
  );
}

/**
 * Refuses files without a sampling rate for a model of sounds: a folder of texts is read as bytes.
 * @throws LockstepError DATA_INVALID
 */
export function refuseNoSounds(
  source: string,
  trained: readonly number[],
  found: readonly number[],
): void {
  if (trained.length > 0 && found.length === 0) {
    refuseOtherKind(source, { trained: 'wav', found: 'numbers', isSound: true });
  }
}

/**
 * Adds to a refusal by the importers, which speak of their options, where those options are: such a command has none,
 * since it reads files as the training data were read. What is wrong with the content of a file stays as it is.
 */
export function asRead(
  thrown: unknown,
  source: string,
  { command }: { readonly command: readonly string[] | undefined },
): unknown {
  if (!(thrown instanceof LockstepError) || thrown.message.startsWith('Cannot read')) return thrown;
  if (!['USAGE', 'DATA_INVALID'].includes(thrown.code)) return thrown;
  const typed = command === undefined ? '' : commandLine(...command);
  const how = typed === '' || typed.length > LONGEST_COMMAND ? '' : `: ${typed}`;
  const name = basename(source).replace(/\..*$|[^\w-]/g, '') || 'new';
  const other = commandLine('data', 'import', source, `data/${name}`);
  const advice = `${thrown.advice} Files are read as the training data were${how}. With other options, make a dataset of them ("${other} …") and give it by --data.`;
  return new LockstepError(thrown.code, thrown.message, advice, { cause: thrown });
}
