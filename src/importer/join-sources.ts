/** Several sources as one: ids stay different, and splits may be given by the source. */
import { dirname, relative, resolve, sep } from 'node:path';
import { type ImportItem, isSkip } from '../data/record.ts';
import type { FoundSource } from '../source/file/find-sources.ts';
import { sourceError } from '../source/file/source-error.ts';
import { splitOf } from '../source/table/row-record.ts';
import type { KeyRoles } from './table-folder.ts';

/** How the records of each source are named. */
export interface JoinRules {
  readonly records: (path: string) => AsyncIterable<ImportItem>;
  /** Ids come from the names of files; groups, too. */
  readonly isNamedByPath: { readonly ids: boolean; readonly groups: boolean };
  /** What the keys of table folders say. */
  readonly keyRoles: KeyRoles;
}

/** The records of one source after the other. Names that come from files get the folder in which they differ. */
export async function* joinSources(
  sources: readonly FoundSource[],
  { records, isNamedByPath, keyRoles }: JoinRules,
): AsyncGenerator<ImportItem> {
  const folders = distinctFolders(
    sources.map(({ path }) => path),
    isNamedByPath.groups,
  );
  for (const [number, { path, split, keys = {} }] of sources.entries()) {
    const prefix = folders[number]!;
    const said = saidByKeys(path, keys, keyRoles);
    for await (const item of records(path)) {
      const id = isNamedByPath.ids ? `${prefix}${item.id}` : item.id;
      if (isSkip(item)) {
        yield { ...item, id };
        continue;
      }
      const group = isNamedByPath.groups && item.group ? `${prefix}${item.group}` : item.group;
      yield { ...item, id, group, ...said, split: split ?? said.split ?? item.split };
    }
  }
}

/** @throws LockstepError DATA_INVALID for a key that means no split */
function saidByKeys(path: string, keys: NonNullable<FoundSource['keys']>, roles: KeyRoles) {
  const [id, label, group] = (['id', 'label', 'group'] as const).map((role) => {
    const key = roles[role];
    return key === undefined ? undefined : keys[key];
  });
  const split = roles.split === undefined ? undefined : keys[roles.split];
  return {
    ...(id && { id }),
    ...(label && { label }),
    ...(group && { group }),
    ...splitOf(split, (what, advice) => sourceError(path, what, { ...(advice && { advice }) })),
  };
}

/**
 * Where each source lies, below the folder that holds them all, with a `/` at the end.
 * @param areFolders the sources themselves are folders, and their names tell them apart
 */
export function distinctFolders(paths: readonly string[], areFolders: boolean): string[] {
  const folders = paths.map((path) => (areFolders ? resolve(path) : dirname(resolve(path))));
  const common = folders.reduce(commonFolder);
  return folders.map((folder) => {
    const below = relative(common, folder);
    return below === '' ? '' : `${below.split(sep).join('/')}/`;
  });
}

function commonFolder(a: string, b: string): string {
  const [first, second] = [a.split(sep), b.split(sep)];
  const length = first.findIndex((part, at) => part !== second[at]);
  return (length < 0 ? first : first.slice(0, length)).join(sep) || sep;
}
