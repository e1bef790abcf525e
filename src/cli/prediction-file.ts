/** The file of `predict --out`. */
import { createWriteStream, existsSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LockstepError } from '../core/errors.ts';
import { writeFailure } from '../core/file-error.ts';
import { isWithin, realPath } from '../core/real-path.ts';
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
 * Into a file that has its name only when it is whole, or to standard output. A device or a pipe, such as /dev/null,
 * is written to as it is: a file must not take its place.
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
  const isFile = facts(path)?.isFile() ?? true;
  try {
    // A link stays one: its file is replaced.
    if (isFile) await writeWholeFile(realPath(path), lines);
    else await pipeline(Readable.from(terminated(lines)), createWriteStream(path));
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}

async function writeWholeFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const partial = `${path}.partial-${process.pid}`;
  let file: FileHandle | undefined;
  try {
    for await (const line of terminated(lines)) {
      file ??= await open(partial, 'wx');
      await file.write(line);
    }
    await file?.sync();
    await file?.close();
    await rename(partial, path);
  } catch (thrown) {
    await file?.close();
    await rm(partial, { force: true });
    throw thrown;
  }
}

async function* terminated(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

const facts = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });
