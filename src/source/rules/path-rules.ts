/** The class and the group of a file, from its relative path with `/`. Pure. */

import type { Split } from '../../data/format/store.ts';
import { splitNamed } from '../table/split-name.ts';

/** Which class a file belongs to. */
export type ClassRule =
  /** The class for the ending of the file's name (with its dot); the longest matching ending wins. */
  | { readonly by: 'ending'; readonly classes: Readonly<Record<string, string>> }
  /** The name of the folder at a depth; 0 is the first below the root. */
  | { readonly by: 'folder'; readonly depth: number }
  /** No file has a label. */
  | { readonly by: 'none' };

/** Which files belong together. */
export type GroupRule =
  /** Each file is its own group. */
  | { readonly by: 'file' }
  /** The first `levels` folders of the path, or all if the path has fewer. */
  | { readonly by: 'folder'; readonly levels: number }
  /** The innermost `node_modules/NAME` or `node_modules/@SCOPE/NAME`; otherwise the first folder. */
  | { readonly by: 'npm-package' };

/** The class, or undefined if the rule has none for this file. */
export function classOf(path: string, rule: ClassRule): string | undefined {
  if (rule.by === 'none') return undefined;
  if (rule.by === 'folder') {
    const folder = foldersOf(path).filter((name) => splitOfFolder(name) === undefined)[rule.depth];
    return folder === undefined ? undefined : (keyOfFolder(folder)?.value ?? folder);
  }
  const name = path.split('/').at(-1)!.toLowerCase();
  const fitting = Object.keys(rule.classes).filter((ending) => name.endsWith(ending.toLowerCase()));
  const longest = fitting.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : rule.classes[longest];
}

const foldersOf = (path: string): string[] => path.split('/').slice(0, -1);

/** The split that a folder `split=train` in the path gives. */
export function splitOfPath(path: string): Split | undefined {
  return foldersOf(path)
    .map(splitOfFolder)
    .find((split) => split !== undefined);
}

function splitOfFolder(folder: string): Split | undefined {
  const { key, value } = keyOfFolder(folder) ?? { key: '', value: '' };
  return key.toLowerCase() === 'split' ? splitNamed(value) : undefined;
}

/** Of a folder `label=cat`, as pandas, Spark and Hive partition tables, key and value; undefined for any other name. */
export function keyOfFolder(folder: string): { key: string; value: string } | undefined {
  const [, key, value] = /^([A-Za-z_]\w*)=(.+)$/.exec(folder) ?? [];
  return key === undefined ? undefined : { key, value: unescaped(value!) };
}

/** Hive writes special characters as in an address. */
function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The name of the file's group. */
export function groupOf(path: string, rule: GroupRule): string {
  if (rule.by === 'file') return path;
  const folders = foldersOf(path);
  if (rule.by === 'folder') return folders.slice(0, rule.levels).join('/') || '.';
  return npmPackageOf(folders) ?? folders[0] ?? '.';
}

/** Versions of one package, even nested below other packages, belong to the same group. */
function npmPackageOf(folders: readonly string[]): string | undefined {
  const start = folders.lastIndexOf('node_modules') + 1;
  const first = folders[start];
  if (start === 0 || first === undefined) return undefined;
  const second = folders[start + 1];
  return first.startsWith('@') && second !== undefined ? `${first}/${second}` : first;
}
