/** Class and group of a file from its path (relative, with `/`). Pure. */

/** Which class a file belongs to. */
export type ClassRule =
  /** Ending of the file's name (with its dot) → class; the longest ending that fits decides. */
  | { readonly by: 'extension'; readonly classes: Readonly<Record<string, string>> }
  /** Name of the folder at a depth: 0 is the first below the root. */
  | { readonly by: 'folder'; readonly depth: number }
  /** Every file is taken, none is labelled. */
  | { readonly by: 'none' };

/** Which files belong together. */
export type GroupRule =
  /** Each file is a group of its own. */
  | { readonly by: 'file' }
  /** The first so many folders of the path; a file in fewer folders: all of its folders. */
  | { readonly by: 'folder'; readonly levels: number }
  /** The innermost `node_modules/NAME` or `node_modules/@SCOPE/NAME`; a file in none: its first folder. */
  | { readonly by: 'npm-package' };

/** The class, or undefined where the rule has none for this file. */
export function classOf(path: string, rule: ClassRule): string | undefined {
  if (rule.by === 'none') return undefined;
  const parts = path.split('/');
  if (rule.by === 'folder') return rule.depth < parts.length - 1 ? parts[rule.depth] : undefined;
  const name = parts.at(-1)!.toLowerCase();
  const fitting = Object.keys(rule.classes).filter((ending) => name.endsWith(ending.toLowerCase()));
  const longest = fitting.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : rule.classes[longest];
}

export function groupOf(path: string, rule: GroupRule): string {
  if (rule.by === 'file') return path;
  const folders = path.split('/').slice(0, -1);
  if (rule.by === 'folder') return folders.slice(0, rule.levels).join('/') || '.';
  return npmPackageOf(folders) ?? folders[0] ?? '.';
}

/** Other versions of a package, nested below others, belong to the same group. */
function npmPackageOf(folders: readonly string[]): string | undefined {
  const start = folders.lastIndexOf('node_modules') + 1;
  const first = folders[start];
  if (start === 0 || first === undefined) return undefined;
  const second = folders[start + 1];
  return first.startsWith('@') && second !== undefined ? `${first}/${second}` : first;
}
