import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const setupFolder = dirname(fileURLToPath(import.meta.url));

/** The clone's folder. */
export const ROOT = resolve(setupFolder, '../..');
export const SETUP = setupFolder;
export const NODE_MODULES = join(ROOT, 'node_modules');
/** Everything that the set-up makes outside node_modules; git ignores it. */
export const ENGINE = join(ROOT, '.engine');
export const SITE_PACKAGES = join(ENGINE, 'site-packages');
export const LOGS = join(ENGINE, 'log');
/** Finished downloads that are not unpacked yet. */
export const WHEELS = join(ENGINE, 'wheels');
/** Unfinished work of running set-ups; whatever lies here never counts as done. */
export const PARTIAL = join(ENGINE, 'partial');

/** A path as people see it: relative to the clone. */
export function shown(path) {
  return relative(ROOT, path) || '.';
}
