import { LockstepError } from '../../core/errors.ts';
import { formatOfFile } from './file-format.ts';
import { readFailure } from './read-failure.ts';

/** A file to import: its path on disk, and its name below the folder. */
interface NamedFile {
  readonly path: string;
  readonly name: string;
}

/**
 * Refuses to take the bytes of files that hold their values in a format: headers would become values.
 * @throws LockstepError USAGE, which counts the files of each format
 */
export async function refuseFormats(root: string, files: AsyncIterable<NamedFile>): Promise<void> {
  const found = new Map<string, { count: number; example: string }>();
  for await (const { path, name } of files) {
    const format = await formatOfFile(path).catch((error: unknown) => {
      throw readFailure(error, path, 'file');
    });
    if (format === undefined) continue;
    const { count, example } = found.get(format) ?? { count: 0, example: name };
    found.set(format, { count: count + 1, example });
  }
  if (found.size === 0) return;
  const parts = [...found].map(
    ([format, { count, example }]) => `${count} ${format} file${count > 1 ? 's' : ''} (${example})`,
  );
  throw new LockstepError(
    'USAGE',
    `Cannot import the files of "${root}" as bytes: among them are ${parts.join(', ')}, whose bytes are not their values.`,
    'Write the values into one .csv or .jsonl file, one line a sequence; leave these files out with --exclude; or say --as bytes if their bytes are what you want.',
  );
}
