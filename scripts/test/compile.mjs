/**
 * Compiles the tests and what they import into .test/, so that no process of theirs has to. .test/ looks like the
 * clone to code that finds files from where it lies: what is not compiled is a link.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../setup/paths.mjs';

export const COMPILED = join(ROOT, '.test');
const COMPILED_FOLDERS = ['src', 'test', 'scripts'];
const NEVER_LINKED = new Set([...COMPILED_FOLDERS, '.git', '.gitignore', '.test']);

/** Where the compiled form of a source is. */
export function compiledPath(source) {
  return join(COMPILED, relative(ROOT, source)).replace(/\.ts$/, '.js');
}

/** @throws Error with what tsc says when a test does not compile */
export function compileTests() {
  mkdirSync(COMPILED, { recursive: true });
  for (const folder of COMPILED_FOLDERS) removeStale(join(COMPILED, folder));
  runCompiler();
  for (const name of readdirSync(ROOT)) if (!NEVER_LINKED.has(name)) link(name);
  for (const folder of COMPILED_FOLDERS) linkAssets(folder);
}

function runCompiler() {
  const { resolve } = createRequire(import.meta.url);
  const compiler = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc');
  const project = join(ROOT, 'tsconfig.test.json');
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', project], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The tests do not compile:\n${stdout}${stderr}`);
}

/** What was compiled from sources that are gone would still be found; links are made anew. */
function removeStale(folder) {
  for (const path of filesUnder(folder)) {
    const source = join(ROOT, relative(COMPILED, path)).replace(/\.js(\.map)?$/, '.ts');
    const isCurrent = !lstatSync(path).isSymbolicLink() && existsSync(source);
    if (!isCurrent) rmSync(path);
  }
}

function linkAssets(folder) {
  for (const path of filesUnder(join(ROOT, folder))) {
    if (!path.endsWith('.ts')) link(relative(ROOT, path));
  }
}

function link(path) {
  const from = join(COMPILED, path);
  if (lstatSync(from, { throwIfNoEntry: false })) return;
  mkdirSync(dirname(from), { recursive: true });
  symlinkSync(join(ROOT, path), from);
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}
