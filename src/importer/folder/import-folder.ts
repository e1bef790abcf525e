/** Imports a tree of files: one sequence a file. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { openFile } from '../../core/read-file.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import type { Split } from '../../data/format/store.ts';
import type { ImportItem } from '../../data/record.ts';
import { isCompressed, readBytes } from '../../source/file/compressed.ts';
import { readFailure } from '../../source/file/read-failure.ts';
import { isNoUtf8Name, noUtf8Name } from '../../source/file/unusable-entry.ts';
import { type KnownItems, passOver } from '../../source/known-items.ts';
import {
  type ClassRule,
  classOf,
  type GroupRule,
  groupOf,
  splitOfPath,
} from '../../source/rules/path-rules.ts';
import { splitNamed } from '../../source/table/split-name.ts';
import { commonFormat } from './refuse-formats.ts';
import type { SymbolMap } from './symbol-map.ts';

/** How to read a folder. */
export interface FolderOptions {
  readonly root: string;
  /** Prefix of each relative path, such as "src/"; ids, class rules and group rules see it. */
  readonly idPrefix?: string;
  readonly classes: ClassRule;
  /** What happens to files for which the class rule has no class; default: ignore. */
  readonly unknownClass?: 'ignore' | 'unlabelled';
  readonly groups: GroupRule;
  /** Folds text to symbols; absent: the file's bytes are the sequence. */
  readonly symbolMap?: SymbolMap;
  /** Reads files that hold their values in a format; absent: they are refused. */
  readonly formats?: FileFormats;
  /** Takes the bytes of any file, also of one that holds its values in a format, such as .csv or .wav. */
  readonly anyBytes?: boolean;
  /**
   * Files and folders to leave out: a name ("build") leaves out every one of that name, a path
   * ("a/build") that one. Names that begin with a dot and what Windows keeps in a folder are always left out. Of
   * symbolic links, those to files outside the folder are followed; others would repeat files, or have none.
   */
  readonly exclude?: readonly string[];
  /** Most values to read from a file. One more than the longest allowed length shows what was cut. */
  readonly readAtMost?: number;
  readonly known?: KnownItems | undefined;
}

/** What reads the files of a folder whose files are all of one format. */
export interface FileFormats {
  isReadable(format: string, path: string): boolean;
  /** @throws LockstepError USAGE for options that have no use for files of this format, or for bytes and text */
  check(format: string | undefined): void;
  /** The sequences of one file, with its class and its group. */
  read(
    format: string,
    file: { readonly path: string; readonly id: string },
    rules: PathFacts,
  ): AsyncIterable<ImportItem>;
}

/** What the path of a file says of its sequences. */
export interface PathFacts {
  readonly label: string | undefined;
  readonly group: string;
  readonly split?: Split;
}

/** Most bytes of one UTF-8 character. */
const MAXIMUM_CHARACTER_BYTES = 4;

/**
 * Yields the files below `root` in the order of their names, and as skipped those in no folder that names a
 * class. With a symbol map it yields binary files and invalid UTF-8 as skipped. Files that are all of one format
 * are read as what they are, unless text or bytes are asked for.
 * @throws LockstepError DATA_NOT_FOUND when `root` is no folder; DATA_INVALID for an unreadable file; USAGE for
 * files of several formats, or of one that is not read
 */
export async function* importFolder(options: FolderOptions): AsyncGenerator<ImportItem> {
  await refuseEmpty(options);
  const { formats } = options;
  const isRead = options.symbolMap === undefined && !options.anyBytes;
  const isReadable = formats?.isReadable ?? (() => false);
  const format = isRead
    ? await commonFormat(options.root, takenFiles(options), isReadable)
    : undefined;
  if (format !== undefined || (await isAnyTaken(options))) formats?.check(format);
  if (options.classes.by === 'folder') await refuseSplitFolders(options);
  for await (const { path, id, label, isTaken, unusable } of classified(options)) {
    if (unusable !== undefined) {
      yield { id, skipped: unusable };
      continue;
    }
    if (!isTaken) {
      if (options.classes.by === 'folder') yield { id, skipped: 'no-class' };
      continue;
    }
    const file = { path: join(options.root, path), id };
    const split = splitOfPath(id);
    const facts = { label, group: groupOf(id, options.groups), ...(split && { split }) };
    if (format !== undefined) {
      yield* formats!.read(format, file, facts);
      continue;
    }
    if (passOver(options.known)) continue;
    const values = await readValues(file.path, options);
    if (typeof values === 'string') yield { id, skipped: values };
    else yield { id, ...facts, values };
  }
}

/** Of files that lie in no folder of a class, the report says so. */
async function isAnyTaken(options: FolderOptions): Promise<boolean> {
  for await (const _ of takenFiles(options)) return true;
  return false;
}

/** An empty folder has no format: nothing could be said of the options. */
async function refuseEmpty(options: FolderOptions): Promise<void> {
  for await (const _ of walk({ ...options, exclude: [] }, '')) return;
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import "${options.root}": it holds no files.`,
    'Look at the path; files whose names begin with a dot never count.',
  );
}

async function* classified(options: FolderOptions) {
  const root = await realpath(options.root).catch((error: unknown) => {
    throw readFailure(error, options.root, 'folder');
  });
  for await (const { path, isLink } of walk(options, '')) {
    const id = `${options.idPrefix ?? ''}${path}`;
    const label = classOf(id, options.classes);
    const unusable = await whyUnusable(join(options.root, path), isLink, root);
    const isTaken = unusable === undefined && (label !== undefined || takesUnlabelled(options));
    yield { path, id, label, isTaken, unusable };
  }
}

async function whyUnusable(
  path: string,
  isLink: boolean,
  root: string,
): Promise<'link' | 'no-utf8-name' | undefined> {
  if (isNoUtf8Name(path)) return 'no-utf8-name';
  return isLink && !(await isFileOutside(path, root)) ? 'link' : undefined;
}

/** Whether a link leads to a file that does not lie in the folder itself. */
async function isFileOutside(link: string, root: string): Promise<boolean> {
  try {
    const target = await realpath(link);
    return relative(root, target).startsWith('..') && (await stat(target)).isFile();
  } catch {
    // It leads nowhere.
    return false;
  }
}

/**
 * Folders train and test hold splits, not classes.
 * @throws LockstepError USAGE
 */
async function refuseSplitFolders(options: FolderOptions): Promise<void> {
  const { root, classes } = options;
  if (classes.by !== 'folder' || classes.depth > 0) return;
  const folders = (await list(options, ''))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => !isExcluded(name, name, options.exclude ?? []));
  const splits = folders.map((name) => splitNamed(name));
  if (folders.length === 0 || splits.includes(undefined)) return;
  const words = folders.map((name, i) => `--${splits[i]} ${join(root, name)}`);
  throw new LockstepError(
    'USAGE',
    `Cannot take the folders of "${root}" for classes: ${folders.join(', ')} are names of splits.`,
    `Import them as splits: ${words.join(' ')}. If they are classes, give them other names.`,
  );
}

async function* takenFiles(options: FolderOptions) {
  for await (const { path, isTaken } of classified(options)) {
    if (isTaken) yield { path: join(options.root, path), name: path };
  }
}

function takesUnlabelled({ classes, unknownClass }: FolderOptions): boolean {
  return classes.by === 'none' || unknownClass === 'unlabelled';
}

async function* walk(
  options: FolderOptions,
  folder: string,
): AsyncGenerator<{ path: string; isLink: boolean }> {
  for (const entry of await list(options, folder)) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (isExcluded(entry.name, path, options.exclude ?? [])) continue;
    if (entry.isDirectory()) {
      // Not skipped: a whole class may lie in it.
      if (isNoUtf8Name(join(options.root, path))) throw noUtf8Name(join(options.root, path));
      yield* walk(options, path);
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      yield { path, isLink: entry.isSymbolicLink() };
    }
  }
}

async function list({ root }: FolderOptions, folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    return entries.sort((a, b) => compareUtf8(a.name, b.name));
  } catch (error) {
    throw readFailure(error, join(root, folder), 'folder');
  }
}

/** Names in small letters. */
const OF_WINDOWS = ['thumbs.db', 'desktop.ini'];

function isExcluded(name: string, path: string, exclude: readonly string[]): boolean {
  const isOfSystem = name.startsWith('.') || OF_WINDOWS.includes(name.toLowerCase());
  return isOfSystem || exclude.includes(name) || exclude.includes(path);
}

async function readValues(
  path: string,
  { symbolMap, readAtMost, anyBytes = false }: FolderOptions,
): Promise<Uint8Array | 'binary' | 'not-utf8'> {
  const readStart = isCompressed(path) && !anyBytes ? contentStart : fileStart;
  if (symbolMap === undefined) return (await readStart(path, readAtMost)).bytes;
  const limit = readAtMost === undefined ? undefined : readAtMost * MAXIMUM_CHARACTER_BYTES;
  const { bytes, complete } = await readStart(path, limit);
  if (bytes.includes(0)) return 'binary';
  try {
    // If the read stopped within a character, `stream` leaves that character out.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !complete });
    return symbolMap.encode(text, readAtMost);
  } catch {
    return 'not-utf8';
  }
}

/** The first `limit` bytes of what lies in a compressed file. */
async function contentStart(
  path: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ bytes: Uint8Array; complete: boolean }> {
  const chunks: Buffer[] = [];
  let count = 0;
  for await (const chunk of readBytes(path)) {
    chunks.push(chunk);
    count += chunk.length;
    if (count > limit) break;
  }
  const bytes = Buffer.concat(chunks);
  return { bytes: bytes.subarray(0, Math.min(count, limit)), complete: count <= limit };
}

/** The first `limit` bytes of a file. */
async function fileStart(
  path: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ bytes: Uint8Array; complete: boolean }> {
  const file = await openFile(path).catch((error: unknown) => {
    throw readFailure(error, path, 'file');
  });
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.min(size, limit));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: bytes.subarray(0, filled), complete: size <= limit };
  } finally {
    await file.close();
  }
}
