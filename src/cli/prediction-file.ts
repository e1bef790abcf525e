/** The file of `predict --out`. */
import { createWriteStream, existsSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LockstepError } from '../core/errors.ts';
import { isWithin } from '../core/real-path.ts';
import { makeWholeFile } from '../core/whole-file.ts';
import type { PredictionFormat } from '../workflow/predict/lines.ts';

/**
 * What is read must not be replaced by predictions, nor a folder; nor may they lie among the files of a folder that is
 * read, which the next prediction would take for one of them.
 * @throws LockstepError USAGE
 */
export function refuseOut(out: string, inputs: readonly (string | undefined)[]): void {
  const input = inputs.find((path) => path !== undefined && isWithin(out, path));
  const isFolder = facts(out)?.isDirectory() ?? false;
  if (input === undefined && !isFolder) return;
  const why = isFolder
    ? 'a folder'
    : facts(input!)?.isDirectory()
      ? `in "${input}", which they are made from`
      : 'what they are made from';
  throw new LockstepError(
    'USAGE',
    `Cannot write predictions to "${out}": it is ${why}.`,
    'Choose another file with --out.',
  );
}

/** By the ending of the file; CSV on standard output. */
export function formatOf(out: string | undefined): PredictionFormat {
  if (out === undefined || out.endsWith('.csv')) return 'csv';
  if (out.endsWith('.jsonl')) return 'jsonl';
  throw new LockstepError(
    'USAGE',
    `Cannot tell the format of "${out}": its ending is neither .csv nor .jsonl.`,
    'Give it one of the two, or say --format csv or --format jsonl.',
  );
}

/**
 * Into a file, see `makeWholeFile`, or to standard output.
 * @throws LockstepError USAGE for a folder that is not there; what `makeWholeFile` and the lines throw
 */
export async function writePredictions(
  path: string | undefined,
  lines: AsyncIterable<string>,
): Promise<void> {
  if (path === undefined) {
    for await (const line of lines) process.stdout.write(`${line}\n`);
    return;
  }
  if (!existsSync(dirname(path))) {
    throw new LockstepError(
      'USAGE',
      `Cannot write predictions to "${path}": there is no folder "${dirname(path)}".`,
      'Make the folder, or choose another file with --out.',
    );
  }
  await makeWholeFile(path, (file) =>
    pipeline(Readable.from(terminated(lines)), createWriteStream(file)),
  );
}

async function* terminated(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

const facts = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });
