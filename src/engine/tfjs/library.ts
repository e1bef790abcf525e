/** The part of tfjs with which all engines compute. */
import { createRequire, Module } from 'node:module';

/** tfjs's operations and their gradients, without its layers, file formats and browser backends. */
export type TfjsLibrary = typeof import('@tensorflow/tfjs-core') & {
  readonly version: Readonly<Record<'tfjs-core', string>>;
};

/** What tfjs's main package also loads, no engine uses, and takes a third of the time to load TensorFlow. */
const UNUSED = ['layers', 'converter', 'data', 'backend-cpu', 'backend-webgl'];

/**
 * Loads tfjs without the packages that no engine uses. Every later `require('@tensorflow/tfjs')` in the process, as
 * in tfjs-node-gpu, gets the same.
 * @param require of a module that can resolve `@tensorflow/tfjs`
 */
export function requireTfjs(require: NodeJS.Require): TfjsLibrary {
  const main = require.resolve('@tensorflow/tfjs');
  const paths = UNUSED.map((name) => createRequire(main).resolve(`@tensorflow/tfjs-${name}`));
  const absent = paths.filter((path) => require.cache[path] === undefined);
  for (const path of absent) require.cache[path] = emptyModule(path);
  try {
    return require(main) as TfjsLibrary;
  } finally {
    for (const path of absent) delete require.cache[path];
  }
}

function emptyModule(path: string): NodeJS.Module {
  return Object.assign(new Module(path), { exports: {}, loaded: true });
}
