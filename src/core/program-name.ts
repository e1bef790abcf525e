/** Commands as this user can type them: a clone, a package in a project and a global one differ. */
import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of this package: a clone, or its place in some `node_modules`. */
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What to type for `lockstep` in the given folder.
 * @param root folder of the package
 * @param folder the current one
 */
export function programName(root = PACKAGE, folder = process.cwd()): string {
  const [project, isInstalled] = projectOf(root);
  if (isInstalled && existsSync(join(project, '..', 'bin', 'lockstep'))) return 'lockstep';
  if (isInstalled && !relative(project, folder).startsWith('..')) return 'npx lockstep';
  const program = isInstalled
    ? join(project, 'node_modules', '.bin', 'lockstep')
    : join(root, 'bin', 'lockstep.js');
  const path = relative(folder, program);
  if (path.length > program.length) return shellWord(program);
  return shellWord(path.startsWith('..') ? path : `./${path}`);
}

/** The folder whose `node_modules` the package is in. A global one is `<prefix>/lib`, beside `<prefix>/bin`. */
function projectOf(root: string): [folder: string, isInstalled: boolean] {
  const end = root.indexOf(`${sep}node_modules${sep}`);
  return end < 0 ? [root, false] : [root.slice(0, end), true];
}

/** A whole command to copy, such as `./bin/lockstep.js resume 'runs/my run'`. */
export function commandLine(...words: readonly string[]): string {
  return [programName(), ...words.map(shellWord)].join(' ');
}

/** What makes the engine ready: a package sets itself up, a clone has a script for it. */
export function setupCommand(root = PACKAGE, folder = process.cwd()): string {
  const [, isInstalled] = projectOf(root);
  if (isInstalled) return `${programName(root, folder)} setup`;
  const path = relative(folder, root);
  return path === '' ? 'npm run setup' : `npm --prefix ${shellWord(path)} run setup`;
}

/** A file that comes with the package, such as `configs/tiny.yaml`, from the current folder. */
export const packedPath = (path: string): string => relative(process.cwd(), join(PACKAGE, path));

/** The same, from anywhere on this host. */
export const installedPath = (path: string): string => join(PACKAGE, path);

/** An example of a command, its files from the current folder. */
export function exampleLine(words: string): string {
  const isPacked = (word: string) => /^(configs|examples)\//.test(word);
  const shown = words.split(' ').map((word) => (isPacked(word) ? packedPath(word) : word));
  return commandLine(...shown);
}

/** A word as a shell takes it: quoted where it has to be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
