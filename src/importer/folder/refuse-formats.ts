import { LockstepError } from '../../core/errors.ts';
import { formatOfFile } from '../../source/file/file-format.ts';
import { readFailure } from '../../source/file/read-failure.ts';

/** A file to import: its path on disk, and its name below the folder. */
interface NamedFile {
  readonly path: string;
  readonly name: string;
}

/** What a folder's files are. */
interface FoundFiles {
  count: number;
  example: string;
  /** Whether each of them can be read as what it is. */
  isReadable: boolean;
}

/**
 * The one format in which all files hold their values; undefined if none does, so that their bytes may be values.
 * @param isReadable whether files of a format and name can be read
 * @throws LockstepError USAGE for files of several formats, or of one that cannot be read; it counts them
 */
export async function commonFormat(
  root: string,
  files: AsyncIterable<NamedFile>,
  isReadable: (format: string, path: string) => boolean,
): Promise<string | undefined> {
  const found = new Map<string, FoundFiles>();
  let others = 0;
  for await (const { path, name } of files) {
    const format = await formatOfFile(path).catch((error: unknown) => {
      throw readFailure(error, path, 'file');
    });
    if (format === undefined) others++;
    else add(found, format, name, isReadable(format, path));
  }
  const [only] = found;
  if (only === undefined) return undefined;
  if (found.size === 1 && others === 0 && only[1].isReadable) return only[0];
  throw mixture(root, found, others);
}

function add(
  found: Map<string, FoundFiles>,
  format: string,
  name: string,
  isReadable: boolean,
): void {
  const before = found.get(format) ?? { count: 0, example: name, isReadable: true };
  before.count++;
  before.isReadable &&= isReadable;
  found.set(format, before);
}

function mixture(
  root: string,
  found: ReadonlyMap<string, FoundFiles>,
  others: number,
): LockstepError {
  const parts = [...found].map(
    ([format, { count, example }]) => `${count} ${format} file${count > 1 ? 's' : ''} (${example})`,
  );
  const isMixed = found.size > 1 || others > 0;
  return new LockstepError(
    'USAGE',
    `Cannot import the files of "${root}" as bytes: among them are ${parts.join(', ')}, whose bytes are not their values.`,
    isMixed
      ? 'Import files of one format at a time: leave others out with --exclude, or say --as bytes if their bytes are what you want.'
      : 'Write the values into files of a format that is read, such as .npy or .csv; leave these files out with --exclude; or say --as bytes if their bytes are what you want.',
  );
}
