/** Builds dist/ from src/: tsc, then everything that is no TypeScript. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { hashOf, writeAtomically } from './files.mjs';
import { ROOT } from './paths.mjs';

const SOURCES = join(ROOT, 'src');
const BUILT = join(ROOT, 'dist');
const PROJECT = join(ROOT, 'tsconfig.build.json');
/** What the last finished build was made of; inside, so that deleting dist/ voids it. */
const STAMP = join(BUILT, '.built-from');

/** Packages that npm pack adds (scripts/pack.mjs); left behind by one that was killed, they would hide npm's own. */
const PACKED_ONLY = join(BUILT, 'node_modules');

/** Whether dist/ is what src/ says. A package comes built and has nothing to build from. */
export function isBuilt() {
  if (!existsSync(PROJECT)) return true;
  if (existsSync(PACKED_ONLY)) return false;
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stateOfSources();
}

/** @throws SetupFailure with what tsc says when the sources do not compile; dist/ stays as it was */
export function build() {
  const state = stateOfSources();
  rmSync(STAMP, { force: true });
  rmSync(PACKED_ONLY, { recursive: true, force: true });
  removeStale();
  compile();
  for (const path of filesUnder(SOURCES).filter(isAsset)) {
    mkdirSync(dirname(join(BUILT, path)), { recursive: true });
    copyFileSync(join(SOURCES, path), join(BUILT, path));
  }
  writeAtomically(STAMP, state);
}

function compile() {
  const { resolve } = createRequire(import.meta.url);
  const compiler = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', PROJECT], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new SetupFailure(`src/ does not compile:\n${stdout.trimEnd()}`);
}

/** Of each source its time and size: reading all of them would take longer than a set-up that has nothing to do. */
function stateOfSources() {
  const others = [PROJECT, join(ROOT, 'tsconfig.json'), join(ROOT, 'package-lock.json')];
  const paths = [...filesUnder(SOURCES).map((path) => join(SOURCES, path)), ...others];
  return hashOf(
    ...paths.map((path) => {
      const { mtimeMs, size } = statSync(path);
      // A copy keeps relative paths, and times to the millisecond.
      return `${relative(ROOT, path)} ${Math.floor(mtimeMs)} ${size}`;
    }),
  );
}

/** What was built from sources that are gone would still be imported. */
function removeStale() {
  for (const path of filesUnder(BUILT)) {
    const source = path.replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts');
    const isCurrent = [source, path].some((name) => existsSync(join(SOURCES, name)));
    if (!isCurrent && !path.startsWith('.')) rmSync(join(BUILT, path));
  }
}

const isAsset = (path) => !/\.(?:ts|md)$/.test(path);

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
