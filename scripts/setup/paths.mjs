import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import folders from './engine-folder.cjs';

export const { ROOT, isClone: IS_CLONE } = folders;
export const SETUP = dirname(fileURLToPath(import.meta.url));
export const PROJECT = folders.projectFolder();
/** Where a clone's packages are; in a project npm may put them elsewhere. */
export const NODE_MODULES = join(ROOT, 'node_modules');
/** Everything that the set-up makes outside node_modules. */
export const ENGINE = folders.engineFolder();
export const SITE_PACKAGES = join(ENGINE, 'site-packages');
export const LOGS = join(ENGINE, 'log');
/** Finished downloads that are not unpacked yet. */
export const WHEELS = join(ENGINE, 'wheels');
/** Unfinished work of running set-ups; whatever lies here never counts as done. */
export const PARTIAL = join(ENGINE, 'partial');

/** A path as people see it: relative to the clone or project where it lies inside. */
export function shown(path) {
  const way = relative(PROJECT, path);
  return way.startsWith('..') ? path : way || '.';
}

/** A package's folder, wherever npm has put it. */
export function packageFolder(name) {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}
